"""What counts as criticism, repair, reflection and the rest, sentence by sentence; and what only looks like it."""

import pytest

from generator.metrics.conflict import CONTEMPT, CRITICISM, DEFENSIVENESS, REPAIR, STONEWALLING
from generator.metrics.cues import cues, written_out
from generator.metrics.technique import ADVICE, REFLECTION, SUMMARY, asks_openly

ACTS = {
    "criticism": (
        CRITICISM.stand_in,
        """
You never listen to me.
You always have an excuse.
You’re always late.
You are so selfish sometimes.
You didn't even call.
You don’t care what happens here.
You just refuse to look at me.
All you ever do is work.
Why can't you ever say so?
What is wrong with you?
The problem is that you drink.
It's all your fault.
You treat me like a lodger.
""",
        """
You always make me laugh.
You never gave up on me.
You always know how to calm him.
I don't know whether you always do that.
If you never come home, I'll manage.
He said, “You never listen.”
You don't walk away because you don't care.
You're always welcome here.
I always feel alone.
You left early on Sunday.
""",
    ),
    "contempt": (
        CONTEMPT.stand_in,
        """
You're pathetic.
You are such a child.
Oh, please. You were asleep.
Give me a break.
How generous of you.
Here we go again.
You make me sick.
As if you cared.
Who do you think you are?
""",
        """
I feel pathetic saying it.
Could you pass me the water, please.
Here we go, then.
Please sit down.
How generous of you to say so.
I was being ridiculous.
It was a rich soup.
""",
    ),
    "defensiveness": (
        DEFENSIVENESS.stand_in,
        """
That's not fair.
That isn’t what happened.
It wasn't my fault.
I didn't do anything wrong.
I never said that.
What about all the times you left?
You do it too.
Don't blame me for that.
I was only trying to help.
What was I supposed to do?
I'm doing my best.
I don't go quiet to punish you.
Yes, but you were late.
Somebody has to pay the rent.
""",
        """
Is that fair?
That's fair.
It was my fault.
I never said thank you.
That's not what I want.
I'm just trying to understand you.
Okay, somebody has to start.
What about you two?
You do it so well.
""",
    ),
    "stonewalling": (
        STONEWALLING.stand_in,
        """
I don't want to talk about this.
I'm done.
There's nothing to say.
I'd rather not.
Forget it.
Never mind.
Fine.
Whatever.
Leave me alone.
Can we drop it?
I can't do this anymore.
What's the point?
If you say so.
I don't know.
*looks away*
""",
        """
I don't want to fight.
I'm done with the dishes by seven.
I hold back, not because I have nothing to say.
When I say never mind, I mean the opposite.
I'm fine with that.
I don't know how to say it.
Whatever you need, tell me.
You say “fine” and I hear a door.
I used to say leave me alone.
There's nothing I want more.
Whatever
""",
    ),
    "repair": (
        REPAIR.stand_in,
        """
I'm so sorry.
I am sorry I left.
I was wrong about that.
I should've asked you first.
I shouldn't have said it.
I didn't mean to hurt you.
Can we start over?
Let me try again.
Thank you for waiting.
I appreciate that.
I love you.
I can see how tired you are.
I hear you, Paul.
I'm on your side.
I owe you an answer.
I see my part in it.
""",
        """
I'm not sorry.
I'm sorry, but you started.
I'm sorry you feel that way.
I hear you on the stairs at night.
I don't love you.
I don't know what I'm sorry for.
If I'm wrong, say so.
I say I'm sorry and you look at the wall.
What about saying thank you for one small thing a day?
I'm listening for the door.
Thanks for nothing.
She was sorry.
""",
    ),
    "reflection": (
        REFLECTION.stand_in,
        """
It sounds like you waited a long time.
That sounds lonely.
Sounds like a hard week.
I hear how tired you are.
I'm sensing some hurt.
What I'm hearing is a wish.
So you felt left out.
You're saying it was never about the dishes.
You've been carrying this alone.
Part of you wants to go.
In other words, it hurts.
My sense is that both of you are tired.
There's a lot of care, and there's longing too.
It seems to me that something shifted.
It sounds like you're angry, is that right?
""",
        """
Does that sound like a plan?
What do you hear?
I'd like to hear from Paul.
I want to hear more about Sunday.
How does it feel for you?
Let's hear how it sounds from the other side.
What does part of you want?
Good morning to you both.
What would it be like if you felt safe?
""",
    ),
    "open_question": (
        asks_openly,
        """
What do you need?
How is it for you, Lena?
Lena, how was that?
When he goes quiet, what happens in you?
And why does it hurt?
In what way is it different?
Tell me about Sunday.
Can you say more about that?
Would you describe the moment?
Help us understand.
Where does that leave you?
""",
        """
Do you feel safe?
Are you both all right?
How long has it been?
How many times a week?
When did it start?
Do you know what she means?
What a week you had.
You told me about Sunday.
I wonder.
""",
    ),
    "summary": (
        SUMMARY.stand_in,
        """
Let me sum up.
To summarise, you both want more time.
So far I've heard two stories.
We've talked about the dishes and the silence.
Putting that together, I see a pattern.
Looking back over the hour, something moved.
Before we close, two things.
Here is what I heard.
So we have a plan.
""",
        """
So far, so good.
What have we talked about?
Nobody has to sum things up.
We'll come back to this before we close.
How far away is it?
Let us put the phones away.
""",
    ),
    "advice": (
        ADVICE.stand_in,
        """
I'd suggest a walk.
I would encourage you both to slow down.
You could try ten minutes before bed.
You might want to write it down.
Try to listen without answering.
It might help to name it.
What if you asked her first?
This week, I'd like you to sit down together.
Let's try something.
You need to talk about it.
""",
        """
You don't have to decide today.
There is nothing you need to tidy up.
Which should I ask first?
Try to find one word for it.
We begin where you are, not where you think you should be.
It helped, you said.
What did you try?
The things you have told us matter.
""",
    ),
}


def lines(place):
    return [(act, line) for act, told in ACTS.items() for line in told[place].strip().splitlines()]


@pytest.mark.parametrize(("act", "line"), lines(1))
def test_is_one(act, line):
    assert ACTS[act][0](line)


@pytest.mark.parametrize(("act", "line"), lines(2))
def test_only_looks_like_one(act, line):
    assert not ACTS[act][0](line)


@pytest.mark.parametrize("act", ACTS)
def test_one_sentence_of_many_is_enough(act):
    does, told, _ = ACTS[act]
    assert does(f"It rained on Sunday. {told.strip().splitlines()[0]} We stayed in the kitchen.")
    assert not does("It rained on Sunday. We stayed in the kitchen.")


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("I don’t know", "i do not know"),
        ("CAN'T you? Won't we?", "can not you? will not we?"),
        ("“It’s  what\nthey've said", "it is what they have said"),
        ("I'd say she'll come", "i would say she will come"),
        ("Marcus's o'clock", "marcus's o'clock"),
        ("…", ""),
        ("", ""),
    ],
)
def test_a_sentence_is_written_out(said, whole):
    assert written_out(said) == whole


def test_cues_are_whole_words_and_what_they_are_not_counts_for_its_sentence():
    two = cues("never (once|ever)\nsorry", "not sorry")
    assert list(two.found("Sorry. I'm not sorry, never once. NEVER ever! Nevertheless.")) == ["Sorry.", "NEVER ever!"]
    assert not cues("sorry").stand_in("A sorrysome day.")
