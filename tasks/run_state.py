"""Show in the Prefect UI what a run waits for: as the name and message of its state."""

from prefect import get_client
from prefect.client.schemas.objects import State, StateType
from prefect.context import FlowRunContext

from tasks.log_errors import log_errors


def show(name: str, message: str = "") -> None:
    """Give the running state of the current flow run a name; outside a flow run, do nothing.

    Args:
        name: Shown instead of `Running`.
        message: Shown with it.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    with log_errors("the state of the run cannot be shown"):
        state = State(type=StateType.RUNNING, name=name, message=message)
        get_client(sync_client=True).set_flow_run_state(context.flow_run.id, state)
