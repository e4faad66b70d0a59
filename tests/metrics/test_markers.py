"""What counts as agreeing, planning and hedging, sentence by sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.metrics import markers
from generator.metrics.markers import agrees, hedges, plans

AGREES = """
I agree.
I completely agree with that.
I AGREE WITH YOU.
You're right, I was late.
You’re absolutely right.
You are right about that.
You've got a point there.
That's fair.
That is true, I suppose.
That's a good idea.
Fair enough, we can try.
Good point, Lena.
That makes sense to me.
That sounds good.
Sunday? That sounds really lovely.
It sounds like a good plan.
I feel the same.
Me too, honestly.
I'm on board.
We're on the same page.
I'm with you on this one.
I'm in.
I'm all in on this.
Count me in.
I'd like that.
I really like your idea.
I can do that.
I could live with that.
I'm willing to stay at the table.
Let's do it.
Let’s try that.
I'm happy to try.
I am ready to start.
Fine by me.
That works for me.
I see my part in it.
I was angry for days. Still, you're right.
Yes. I was there.
Yeah, I know.
Okay, Sunday then.
All right.
"Yes, I will."
Absolutely, I see that now.
I don't know much, but you're right.
It's not the money. That's fair.
Okay. I can see that now.
Yes, I hear you, and you're right.
When it rains it pours. You're right.
""".strip().splitlines()

DENIES = """
I disagree.
I don't agree.
I do not agree with you.
I never agree with him.
I can't agree to that.
I no longer agree.
I hardly agree with any of it.
You're not right about this.
I don't think you're right.
I wouldn't say that's fair.
That's not fair.
That’s not true.
That isn't fair.
That's not a good idea.
It doesn't make sense.
That makes no sense to me.
That doesn't sound good.
That sounds not good.
It sounds good in here.
All right, I heard you. My arms are crossed.
Yes, I got that. I'm just not ready.
Okay. I've taken it in, and I'm still on the edge of my chair.
I'm not on board.
Nobody is on board with this.
We are not on the same page.
We are hardly on the same page.
I'm not willing to move.
I'm not in.
I'm not happy to try it.
I can't do that.
I couldn't live with that.
I wouldn't like that.
That doesn't work for me.
That's not exactly true.
No deal.
If you're right, we are lost.
If I agree, nothing changes.
I'd agree if you came home.
Before I agree to anything I want to hear you.
Yes, but you were late.
Yes but you were late.
Okay, but I was alone.
Sure, but when?
""".strip().splitlines()

SAYS_SOMETHING_ELSE = """
I hear you.
I understand what you mean.
I know how hard it was.
I was in the kitchen.
I'm in the kitchen.
I turned right at the corner.
I sat on your right.
I feel right at home.
We went to the fair.
I have no idea.
I am too tired.
I'd love that dog.
I'm ready to give up.
It became a big deal, and I left.
What, exactly, did you want?
That's exactly what hurts.
I don't know exactly.
Surely you remember.
Yesterday I was late.
Do you agree?
Is that fair?
All right, I heard you.
Yes, I got that.
Okay. I've taken it in.
Okay, somebody has to begin.
That sounds good in theory.
It sounds good on paper.
I agree with you just to get to the end.
I'd feel better knowing we'd agreed.
I'm hoping it's true.
Even when you're right you are loud.
I say “you're right” and look at the floor.
I could live with that sound in the next room.
""".strip().splitlines()

PLANS = """
Let's walk on Sunday.
Let’s meet after dinner.
LET'S GO OUT ONCE A WEEK.
I'll call you every evening.
I will be home at seven on Thursday.
We could eat together on Fridays.
How about Saturday morning?
What if we talk for ten minutes before bed?
Shall we try tomorrow?
Why don't we sit down tonight?
I'd like us to take one evening a week.
Maybe we put it on the calendar.
We'll start this week.
I can write it down by the end of the week.
We can set aside twenty minutes after work.
I was tired. Let's talk tomorrow. It was late.
""".strip().splitlines()

PLANS_NOTHING = """
Let's walk.
I called you every evening.
You were late on Sunday.
We never talk at night.
I'll call you. It was Sunday.
We talked for ten minutes before bed last year.
He works on Saturdays.
We won't do it on Sunday.
I can't on Sunday.
I can’t come home before dinner.
We can't talk every evening.
We will not talk tonight.
I will never call you every evening.
I couldn't be home at seven.
""".strip().splitlines()


@pytest.mark.parametrize("text", AGREES)
def test_agrees(text):
    assert agrees(text)


@pytest.mark.parametrize("text", [*DENIES, *SAYS_SOMETHING_ELSE])
def test_does_not_agree(text):
    assert not agrees(text)


@pytest.mark.parametrize("text", PLANS)
def test_plans(text):
    assert plans(text)


@pytest.mark.parametrize("text", PLANS_NOTHING)
def test_does_not_plan(text):
    assert not plans(text)


@pytest.mark.parametrize("text", [*AGREES, *DENIES, *SAYS_SOMETHING_ELSE])
def test_the_quick_look_for_hints_changes_nothing(text, monkeypatch):
    found = agrees(text)
    monkeypatch.setattr(markers, "_AGREEMENT_HINTS", ("",))
    assert agrees(text) == found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("I know.", 0),
        ("It is possible, I thought.", 0),
        ("Maybe.", 1),
        ("MAYBE, perhaps…", 2),
        ("I think it might be sort of late.", 3),
        ("I don’t know, I'm not sure.", 2),
        ("It seems a bit much, almost.", 3),
        ("More or less, in a way.", 2),
        ("I guess you would rather sleep, kind of.", 3),
        ("I feel like it feels like nothing.", 2),
        ("Maybe maybe maybe.", 3),
    ],
)
def test_hedges_are_counted(text, count):
    assert hedges(text) == count


@given(st.text(max_size=200))
def test_whatever_is_said_has_an_answer(text):
    assert agrees(text) in {True, False}
    assert plans(text) in {True, False}
    assert hedges(text) >= 0
