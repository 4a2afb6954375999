"""One ONNX node as a handler sees it: a view with attributes and a version."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import NodeProto

from tinyc.frontend.builder import Builder
from tinyc.frontend.onnx.attributes import Attributes
from tinyc.frontend.onnx.model import node_name
from tinyc.frontend.view import Known, View


class NodeView(View):
    """One node, in ONNX's layout."""

    def __init__(self, proto: NodeProto, opset: int, ins: Sequence[Known | None], builder: Builder, where: str) -> None:
        super().__init__(node_name(proto), ins, proto.input, proto.output, builder, where)
        self.op = proto.op_type
        self.opset = opset
        self.attributes = Attributes(proto, where)

    def axes_list(self, index: int, first_input_opset: int) -> tuple[int, ...] | None:
        """The axes: an attribute before opset `first_input_opset`, input `index` from then on; None if not given."""
        if self.opset < first_input_opset:
            return self.attributes.integers("axes")
        return self.integers(index, "axes") if self.has(index) else None
