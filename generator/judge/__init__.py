"""What a judge model makes of a session: rubrics, answers, the measures made of them, and where they are kept."""
