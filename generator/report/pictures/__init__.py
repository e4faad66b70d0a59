"""The pictures of a report, as figures out of which the templates draw SVG.

They are drawn here and not by matplotlib because a page that runs nothing foreign allows no inline styles, because they
have to follow the page from light to dark and down to a phone, and because hundreds of sessions have to stay small.
"""
