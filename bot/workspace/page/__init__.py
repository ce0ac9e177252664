"""What do people see? The workspace as a web page in which one person can play everybody.

`create_page(workspace, stories, models)` gives the app that the workspace's server mounts at `/`. It shows what the
`Workspace` facade knows and does what the facade can do; it keeps nothing itself but what each person has read.

    routes.py     the addresses: the page, its parts, the event stream, what people do
    places.py     who acts and what is open, from the URL (`/?as=U…&in=C…&thread=…`)
    looks.py      what the templates need, worked out from the facade
    actions.py    a click, a form, a command from the browser, handed to the facade
    live.py       server-sent events: something changed, fetch that part again
    unread.py     badges
    stories.py    guided situations and the request that sets each off
    serving.py    what the watched systems serve at this moment
    render/       Slack's markup and Block Kit as safe HTML
    templates/    Jinja2, one file per part of the page
    static/       style and script, written by hand: no build step, nothing loaded from elsewhere

Live in one sentence: the stream says *what kind of thing* changed, the browser asks for that part as HTML, and the
script replaces only the elements that differ, so that scroll position, typed text and focus stay.
"""

from bot.workspace.page.routes import create_page
from bot.workspace.page.serving import ServedModel
from bot.workspace.page.stories import Step, Story, StoryRequest

__all__ = ["ServedModel", "Step", "Story", "StoryRequest", "create_page"]
