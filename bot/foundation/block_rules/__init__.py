"""What Slack refuses in Block Kit although slack_sdk's models let it through. Pure; asked before anything is sent.

One refused block loses the whole message, so the sender asks first, and sends plain text rather than nothing. The rules
are the documented ones (docs.slack.dev/reference/block-kit/blocks, /block-elements, /composition-objects, /views), for
the blocks and elements that Backout uses; any other type counts as unknown. Beyond the documents: multi-selects are
refused in `actions`, and a message is refused as a whole from 11,341 visible characters on (bolt-js#2509).
"""

from bot.foundation.block_rules.wholes import Surface, problems

__all__ = ["Surface", "problems"]
