"""The site: Markdown in, HTML out. Nothing in it comes from another host."""

project = "CodeFlare Platform"
html_title = project
extensions = ["myst_parser"]
# Every heading down to a reason or a section of a reference page can be linked to.
myst_heading_anchors = 3
nitpicky = True
html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
exclude_patterns = ["requirements*"]
