"""Spyne's models, services and applications, made from a service of the WSDL at start and never typed by hand.

All leaves are text and nothing is required: `protocol` gives text its type, so that an unreadable number neither
stops a message nor loses its raw text. It must not know what an operation does.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from lxml import etree

from ..protocol.schema import ComplexType, Field, Operation, SimpleType
from ..protocol.schema import Service as Description
from . import content, ns
from .spyne_import import (
    Application,
    ComplexModel,
    MethodContext,
    ServerBase,
    Service,
    Soap12,
    Unicode,
    XmlAttribute,
    XmlData,
    applications,
    rpc,
)

Method = Callable[[Any, dict[str, Any]], None]
"""The body of every service method: called with Spyne's context and the request as nested text."""


class Protocol(Soap12):  # type: ignore[misc]
    """SOAP 1.2 on a tree that is parsed already; a message is read by `content`, which flags what it tolerates."""

    def __init__(self) -> None:
        # Every namespace of an answer is declared at its root (`Server`): there is nothing to clean up.
        super().__init__(cleanup_namespaces=False)

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        """Nothing: the bytes were parsed, once, before Spyne is asked."""

    def get_context(self, parent: Any, transport: Any) -> None:
        """None: a context that pointed back at its parent would leave a cycle to the garbage collector per request."""

    def get_cls_attrs(self, cls: Any) -> Any:
        """Spyne's own, but for a line of debugging output that costs more than the rest."""
        return self._attrcache.get(cls) or super().get_cls_attrs(cls)

    def get_polymorphic_target(self, cls: Any, _inst: Any) -> tuple[Any, bool]:
        """The class itself: OCPP has no polymorphic types."""
        return cls, False

    def from_element(self, ctx: Any, _cls: Any, element: etree._Element) -> tuple[dict[str, Any]]:
        """The service method's arguments: the body element as nested text, whatever its xsi:type or xsi:nil say."""
        return (content.read_body(element, ctx.descriptor.udd["shape"], ctx.udc.notes),)


class Context(MethodContext):  # type: ignore[misc]
    """The context of one call; without a transport context, for the same reason, and without events: nobody listens."""

    TransportContext = None
    __setattr__ = object.__setattr__

    def fire_event(self, event: str, *args: Any, **kwargs: Any) -> None:
        """Nothing."""


class Server(ServerBase):  # type: ignore[misc]
    """One OCPP service as a Spyne application; `call` runs an operation's service method."""

    transport = "http://schemas.xmlsoap.org/soap/http"

    def __init__(self, description: Description, method: Method) -> None:
        models = _Models(description.namespace)
        methods = {op.name: models.method(op, method) for op in description.operations.values()}
        service = type(Service)(description.name, (Service,), methods)
        name, namespace = description.name, description.namespace
        super().__init__(Application([service], namespace, name, in_protocol=Protocol(), out_protocol=Protocol()))
        # Spyne's own register would keep it for ever, and complain of the next one of that name.
        applications.pop((namespace, name), None)
        self.app.interface.nsmap = {"soap": ns.SOAP12, "wsa": ns.WSA, "ocpp": namespace}
        self._descriptors = service.public_methods

    def call(self, operation: Operation, element: etree._Element, udc: Any) -> None:
        """Runs the operation's service method on the body element; `udc` is the context's user-defined part."""
        ctx = Context(self, MethodContext.SERVER)
        ctx.descriptor = self._descriptors[operation.name]
        ctx.udc = udc
        ctx.in_body_doc = element
        self.get_in_object(ctx)
        self.get_out_object(ctx)
        ctx.event.parent = ctx.udc = None

    def serialize(self, ctx: Any, values: list[Any]) -> etree._Element:
        """The envelope of an answer; `values` are nested text in the order of its fields, None where absent."""
        ctx.out_object = values
        self.app.out_protocol.serialize(ctx, message=Soap12.RESPONSE)
        envelope: etree._Element = ctx.out_document
        return envelope


class _Models:
    """The models of one service, each type built once."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._built: dict[str, Any] = {}

    def method(self, operation: Operation, body: Method) -> Any:
        """The operation as one of Spyne's remote procedures."""

        def method(ctx: Any, request: dict[str, Any]) -> None:
            body(ctx, request)

        method.__name__ = operation.name
        method.__doc__ = operation.documentation
        inputs, outputs = operation.input.type, operation.output.type
        returned = {"_returns": [self._member(f) for f in outputs.fields], "_out_variable_names": list(outputs.by_name)}
        return rpc(
            *(self._member(f) for f in inputs.fields),
            _args=list(inputs.by_name),
            _in_message_name=f"{{{self._namespace}}}{operation.input.element}",
            _out_message_name=f"{{{self._namespace}}}{operation.output.element}",
            _udd={"shape": content.Shape(inputs, self._namespace)},
            **(returned if outputs.fields else {}),
        )(method)

    def _member(self, field: Field) -> Any:
        if field.attribute:
            return XmlAttribute(Unicode, use=None)
        model = Unicode if isinstance(field.type, SimpleType) else self._complex(field.type)
        return model.customize(min_occurs=0, max_occurs="unbounded" if field.many else 1)

    def _complex(self, type_: ComplexType) -> Any:
        if type_.name not in self._built:
            members = {f.name: self._member(f) for f in type_.fields}
            if type_.text is not None:
                members["value"] = XmlData(Unicode)
            self._built[type_.name] = ComplexModel.produce(self._namespace, type_.name, members)
        return self._built[type_.name]


def schema(description: Description) -> etree.XMLSchema:
    """The WSDL's own schema, ready to check a message's body element."""
    found = etree.parse(str(description.path)).getroot().find(f".//{{{ns.XSD}}}schema")
    if found is None:
        raise ValueError(f"{description.path} has no schema")
    # Prefixes that the schema inherits from the WSDL around it must come along.
    alone = etree.Element(found.tag, attrib=dict(found.attrib), nsmap=found.nsmap)  # type: ignore[arg-type]
    alone.extend(deepcopy(list(found)))
    return etree.XMLSchema(alone)
