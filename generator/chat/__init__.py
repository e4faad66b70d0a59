"""Whatever can speak a turn: a model behind an endpoint, the rehearsal speaker, a script, a recording."""
