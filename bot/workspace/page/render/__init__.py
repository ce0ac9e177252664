"""How does a Slack payload look on the page?

Slack's markup and Block Kit in, safe HTML out. Nothing here keeps state or knows who is connected:
the same dictionary and the same `Viewer` always give the same HTML. Text is escaped at the leaves, so
whatever an app or a person sends, no tag, attribute or script of theirs becomes active; links are limited to
`http`, `https` and `mailto`.

    mrkdwn.py     Slack's message markup (`*bold*`, `<@U1>`, `<!date^…>`)
    markdown.py   the `markdown` block's standard Markdown, the part of it that messages use
    rich_text.py  the `rich_text` block
    emoji.py      shortcodes to Unicode
    dates.py      `<!date^…>` formats and message times in the viewer's zone
    blocks.py     every block and control, through the macros in `templates/blocks.html`
"""
