import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from taskboard.testing.offline.instance import instance

names = st.sampled_from("abc")
leaves = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "string", "minLength": 3}),
    st.just({"type": "string", "format": "date-time"}),
    st.just({"type": "integer", "minimum": 4}),
    st.just({"type": "number", "exclusiveMinimum": 0}),
    st.just({"type": "boolean"}),
    st.just({"type": ["null", "integer"]}),
    st.just({"type": "null"}),
    st.just({"const": "x"}),
    st.just({"enum": [3, "y", None]}),
    st.just({"$ref": "#/$defs/leaf"}),
)


def objects(inner):
    def build(properties, required):
        needed = [name for name in properties if name in required]
        return {
            "type": "object",
            "properties": properties,
            "required": needed,
            "additionalProperties": False,
        }

    return st.builds(build, st.dictionaries(names, inner), st.sets(names))


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        objects(inner),
        st.builds(lambda i, n: {"type": "array", "items": i, "minItems": n}, inner, st.just(1)),
        st.builds(lambda a: {"anyOf": a}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda o: {"allOf": [o]}, inner),
    ),
    max_leaves=8,
)


@given(schemas)
def test_what_it_fills_in_obeys_the_schema(schema):
    whole = {**schema, "$defs": {"leaf": {"type": "string", "enum": ["leaf"]}}}
    jsonschema.validate(instance(whole), whole)


@given(st.dictionaries(names, st.one_of(st.text(max_size=4), st.integers(), st.none())))
def test_wishes_that_do_not_fit_are_not_heard(wish):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"enum": ["x", 1]}, "c": {"type": "null"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    found = instance(schema, wish)
    jsonschema.validate(found, schema)
    assert found["a"] == (wish["a"] if isinstance(wish.get("a"), str) else "")


def test_the_alternative_that_takes_the_wish_is_chosen():
    kinds = [
        {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]}
        for name in ("dog", "cat")
    ]
    assert instance({"anyOf": kinds}, {"kind": "cat"}) == {"kind": "cat"}
