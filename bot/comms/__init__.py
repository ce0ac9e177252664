"""What do we tell whom, and how?

Words are written and approved before anything goes wrong: each template in `messages/` is for one audience at one
stage, uses only the facts that this audience may hear, and counts only in the exact version that was approved. When
something happens, facts fill the gaps, and somebody with the right to do so posts it, word for word.

    written ──▶ approved     the approvers read one version; its digest goes into messages/approvals.yaml
    approved ──▶ written     the file was edited, or its review date has passed (pages are never silenced by a date)
    approved ──▶ posted      somebody with the right posts it in the audience's channel; the exact text is kept

Calls: people (who may post, who approved). Called by: incidents (the facts), escalation (pages).
"""
