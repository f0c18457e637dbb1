"""Mends the engine's update of a nested stack, which forgets the attributes of resources that do not change."""

from typing import Any


def keep_attributes() -> None:
    """Give the engine the attributes that a resource had before: without them, each `Fn::GetAtt` to it fails.

    The engine (1.5.33) passes them in updates of other stacks. tests/pipeline/test_deploying.py fails without this.
    """
    # Only the engine's own environment has this package.
    from ministack.services.cloudformation import (  # type: ignore[import-not-found]  # noqa: PLC0415
        _stacks,
        provisioners,
    )

    update = provisioners._update_resource

    def update_resource(
        kind: str,
        physical_id: str,
        old: Any,
        new: Any,
        stack: str,
        logical_id: str | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> Any:
        if attributes is None:
            attributes = _stacks.get(stack, {}).get("_resources", {}).get(logical_id, {}).get("Attributes", {})
        return update(kind, physical_id, old, new, stack, logical_id, attributes)

    provisioners._update_resource = update_resource
