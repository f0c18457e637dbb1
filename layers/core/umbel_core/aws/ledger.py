"""The ledger in one DynamoDB table, whose keys are in `umbel_core.aws.keys`."""

from umbel_core.aws.dead_letters import LedgerDeadLetters
from umbel_core.aws.events import LedgerEvents
from umbel_core.aws.ledger_migration import LedgerMigration
from umbel_core.aws.ledger_moves import LedgerMoves
from umbel_core.aws.ledger_plan import LedgerPlan
from umbel_core.aws.ledger_retry import LedgerRetry
from umbel_core.aws.ledger_sweep import LedgerSweep


class DynamoLedger(LedgerPlan, LedgerMoves, LedgerRetry, LedgerSweep, LedgerDeadLetters, LedgerEvents, LedgerMigration):
    """`umbel_core.ledger.Ledger` on DynamoDB."""
