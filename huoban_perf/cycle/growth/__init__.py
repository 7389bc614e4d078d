"""Growth: a workspace of the lite app becomes one of the full app.

Start reading at ``grow`` (the job); ``goals`` and ``sheets`` say what becomes of which rows, ``terms`` how both write.
"""
