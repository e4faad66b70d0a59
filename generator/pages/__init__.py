"""What the report and the viewer share: how a session is shown, the templates' environment, and the stylesheet.

Words of models and personas are data here: they are escaped wherever they are put, and nothing is ever rendered twice.
"""
