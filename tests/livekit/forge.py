"""Messages that no SDK sends: every field of every request may be there, with any value."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}


@st.composite
def forged(draw: st.DrawFn, descriptor: Descriptor, texts: st.SearchStrategy[str], depth: int = 3) -> Message:
    """A message of this type; `texts` are what its strings may be, so that some of them mean something."""
    message = GetMessageClass(descriptor)()
    for field in draw(st.lists(st.sampled_from(list(descriptor.fields)), max_size=4)) if descriptor.fields else []:
        _fill(draw, message, field, texts, depth)
    return message


def _fill(draw: st.DrawFn, message: Message, field: FieldDescriptor, texts: st.SearchStrategy[str], depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if field.message_type.fields_by_name["value"].message_type is None:
            getattr(message, field.name).update({draw(texts): draw(texts)} if _is_text(field) else {})
        return
    if field.message_type is not None:
        if depth == 0:
            return
        inner = draw(forged(field.message_type, texts, depth - 1))
        (getattr(message, field.name).append if field.is_repeated else getattr(message, field.name).CopyFrom)(inner)
        return
    value = draw(_value(field, texts))
    if field.is_repeated:
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)


def _value(field: FieldDescriptor, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values]) | st.integers(0, 99)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return st.binary(max_size=40) if field.type == FieldDescriptor.TYPE_BYTES else texts
    return _SCALARS[field.cpp_type]


def _is_text(field: FieldDescriptor) -> bool:
    entry = field.message_type
    return all(entry.fields_by_name[name].type == FieldDescriptor.TYPE_STRING for name in ("key", "value"))
