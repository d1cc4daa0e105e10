//! What a method takes, and the arguments of one call: by position, by name, or both.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Error, Problem, Result};

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    Integer,
    Flag,
    Object,
    List,
}

impl Shape {
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Flag => "boolean",
            Self::Object => "object",
            Self::List => "array",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub shape: Shape,
    pub is_required: bool,
    /// As JSON.
    pub default: Option<&'static str>,
}

pub const fn required(name: &'static str, shape: Shape) -> Parameter {
    Parameter { name, shape, is_required: true, default: None }
}

pub const fn optional(name: &'static str, shape: Shape) -> Parameter {
    Parameter { name, shape, is_required: false, default: None }
}

pub const fn defaulted(name: &'static str, shape: Shape, default: &'static str) -> Parameter {
    Parameter { name, shape, is_required: false, default: Some(default) }
}

/// The arguments of one call, by parameter: of the right shape, none that is required missing.
#[derive(Debug, Default)]
pub struct Arguments(BTreeMap<&'static str, Value>);

impl Arguments {
    /// Fails with `Invalid`, naming each argument that does not fit.
    pub fn bind(parameters: &'static [Parameter], positional: Vec<Value>, named: Map<String, Value>) -> Result<Self> {
        let mut given: Vec<(&Parameter, Value, Vec<String>)> = Vec::new();
        let mut problems = Vec::new();
        for (index, value) in positional.into_iter().enumerate() {
            let loc = vec!["body".to_owned(), "args".to_owned(), index.to_string()];
            match parameters.get(index) {
                Some(parameter) => given.push((parameter, value, loc)),
                None => problems.push(problem("too_many", loc, format!("At most {} arguments", parameters.len()))),
            }
        }
        for (name, value) in named {
            let loc = vec!["body".to_owned(), "kwargs".to_owned(), name.clone()];
            let parameter = parameters.iter().find(|parameter| parameter.name == name);
            match parameter {
                None => {
                    problems.push(problem("extra_forbidden", loc, format!("Expected one of: {}", names(parameters))))
                }
                Some(_) if given.iter().any(|(known, _, _)| known.name == name) => {
                    problems.push(problem("value_error", loc, "It is given by position too".to_owned()));
                }
                Some(parameter) => given.push((parameter, value, loc)),
            }
        }
        let mut bound = BTreeMap::new();
        for (parameter, value, loc) in given.into_iter().filter(|(_, value, _)| !value.is_null()) {
            if parameter.shape.fits(&value) {
                bound.insert(parameter.name, value);
            } else {
                let message = format!("Expected a value of the type {}", parameter.shape.name());
                problems.push(problem("type_error", loc, message));
                bound.insert(parameter.name, Value::Null);
            }
        }
        for parameter in parameters.iter().filter(|parameter| !bound.contains_key(parameter.name)).collect::<Vec<_>>() {
            if let Some(default) = parameter.default.and_then(|text| serde_json::from_str(text).ok()) {
                bound.insert(parameter.name, default);
            } else if parameter.is_required {
                let loc = vec!["body".to_owned(), "kwargs".to_owned(), parameter.name.to_owned()];
                problems.push(problem("missing", loc, "Field required".to_owned()));
            }
        }
        if problems.is_empty() { Ok(Self(bound)) } else { Err(Error::invalid(problems)) }
    }

    /// Empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn integer(&self, name: &str) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// All of them as an object, as a body would be, with more beside.
    pub fn into_body(self, more: &[(&str, &str)]) -> Value {
        let given = self.0.into_iter().map(|(name, value)| (name.to_owned(), value));
        let more = more.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
        Value::Object(given.chain(more).collect())
    }
}

fn problem(rule: &str, loc: Vec<String>, message: String) -> Problem {
    Problem { rule: rule.to_owned(), loc, message }
}

fn names(parameters: &[Parameter]) -> String {
    if parameters.is_empty() {
        return "nothing".to_owned();
    }
    parameters.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PARAMETERS: &[Parameter] =
        &[required("item_id", Shape::Text), defaulted("levels", Shape::Integer, "10"), optional("all", Shape::Flag)];

    fn bind(args: Value, kwargs: Value) -> Result<Arguments> {
        Arguments::bind(PARAMETERS, args.as_array().cloned().unwrap(), kwargs.as_object().cloned().unwrap())
    }

    #[test]
    fn arguments_come_by_position_and_by_name() {
        for (args, kwargs) in [
            (json!(["x", 3]), json!({})),
            (json!(["x"]), json!({"levels": 3})),
            (json!([]), json!({"item_id": "x", "levels": 3})),
        ] {
            let bound = bind(args, kwargs).unwrap();
            assert_eq!((bound.text("item_id"), bound.integer("levels"), bound.flag("all")), ("x", 3, false));
        }
        assert_eq!(bind(json!(["x", null]), json!({"all": null})).unwrap().integer("levels"), 10);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let table = [
            (json!([]), json!({}), "missing", json!(["body", "kwargs", "item_id"])),
            (json!([7]), json!({}), "type_error", json!(["body", "args", "0"])),
            (json!(["x"]), json!({"levels": "3"}), "type_error", json!(["body", "kwargs", "levels"])),
            (json!(["x"]), json!({"levels": 1.5}), "type_error", json!(["body", "kwargs", "levels"])),
            (json!(["x", 1, true, 4]), json!({}), "too_many", json!(["body", "args", "3"])),
            (json!(["x"]), json!({"level": 1}), "extra_forbidden", json!(["body", "kwargs", "level"])),
            (json!(["x"]), json!({"item_id": "y"}), "value_error", json!(["body", "kwargs", "item_id"])),
            (json!([null]), json!({}), "missing", json!(["body", "kwargs", "item_id"])),
        ];
        for (args, kwargs, rule, loc) in table {
            let error = bind(args.clone(), kwargs.clone()).unwrap_err();
            let problems: Vec<_> =
                error.problems().iter().map(|problem| (problem.rule.as_str(), json!(problem.loc))).collect();
            assert_eq!(problems, [(rule, loc)], "{args} {kwargs}");
        }
    }
}
