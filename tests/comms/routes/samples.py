"""Batches to send."""

from bot.comms.routes import Addressee, Batch, Letter

MAYA = Addressee("U0MAYA0001", "Maya Lindqvist", "maya@meridian.example")
TOMAS = Addressee("U0TOMAS004", "Tomás Ferreira", "tomas@meridian.example")
PRIYA = Addressee("U0PRIYA003", "Priya Raman")
AT = "2026-11-21T09:00:00+00:00"
PAGE = Letter("page:INC-1:1", AT, "INC-1", [MAYA, PRIYA], "🔔 INC-1: please acknowledge by ten.")
ASK = Letter("ask:req_1:1", "2026-11-21T09:05:00+00:00", "INC-1", [TOMAS, MAYA], "✋ Approval needed.")


def batch(*letters: Letter, also_to: tuple[Addressee, ...] = (), done: tuple[str, ...] = ()) -> Batch:
    return Batch("batch_1", "2026-11-21T08:58:00+00:00", letters or (PAGE, ASK), also_to, done)
