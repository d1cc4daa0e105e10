//! From the JSON of `where` to a [`Filter`]. Every failure names its place. Pure.
//!
//! `{"name": "Leg", "cost": {"gt": 5}, "or": [{…}, {…}], "not": {…}}`: every entry holds. A value that is no object is what
//! the field equals; an object names operators.

use serde_json::{Map, Value};

use super::filter::{Comparison, Field, Filter, Operand, Test};
use super::operand;
use super::pattern::Pattern;
use crate::domain::meta::model::ItemType;
use crate::error::{Error, Result};

/// How deep `and`, `or` and `not` nest.
const MAX_DEPTH: usize = 8;
/// The most conditions of one query.
const MOST_CONDITIONS: usize = 100;
/// The most values of all `in` and `nin` of one query.
const MOST_VALUES: usize = 1000;

const OPERATORS: &str = "eq, ne, gt, ge, lt, le, in, nin, like, contains, starts_with, null, between";

/// Reads `where` for a type.
pub fn parse(kind: &ItemType, given: &Map<String, Value>) -> Result<Filter> {
    let mut parser = Parser { kind, path: vec!["body".to_owned(), "where".to_owned()], conditions: 0, values: 0 };
    parser.all(given, 0)
}

struct Parser<'a> {
    kind: &'a ItemType,
    path: Vec<String>,
    conditions: usize,
    values: usize,
}

impl Parser<'_> {
    fn refuse<T>(&self, rule: &str, message: impl Into<String>) -> Result<T> {
        let loc: Vec<&str> = self.path.iter().map(String::as_str).collect();
        Err(Error::invalid_field(rule, &loc, message))
    }

    fn within<T>(&mut self, step: impl Into<String>, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.path.push(step.into());
        let read = read(self)?;
        self.path.pop();
        Ok(read)
    }

    fn all(&mut self, given: &Map<String, Value>, depth: usize) -> Result<Filter> {
        if depth > MAX_DEPTH {
            return self.refuse("value_error", format!("and, or and not nest at most {MAX_DEPTH} levels"));
        }
        let mut all = Vec::new();
        for (name, value) in given {
            let part = self.within(name.as_str(), |parser| match name.as_str() {
                "and" => Ok(Filter::All(parser.list(value, depth)?)),
                "or" => Ok(Filter::Any(parser.list(value, depth)?)),
                "not" => Ok(Filter::Not(Box::new(parser.object(value, depth)?))),
                name => parser.field(name, value),
            })?;
            all.push(part);
        }
        Ok(Filter::All(all))
    }

    fn object(&mut self, value: &Value, depth: usize) -> Result<Filter> {
        match value {
            Value::Object(given) => self.all(given, depth + 1),
            _ => self.refuse("dict_type", "Expected an object of conditions: {\"name\": \"Leg\"}"),
        }
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<Vec<Filter>> {
        let Value::Array(list) = value else {
            return self.refuse("list_type", "Expected a list of objects: [{\"name\": \"Leg\"}, {\"cost\": 5}]");
        };
        let mut read = Vec::new();
        for (index, value) in list.iter().enumerate() {
            read.push(self.within(index.to_string(), |parser| parser.object(value, depth))?);
        }
        Ok(read)
    }

    fn field(&mut self, name: &str, value: &Value) -> Result<Filter> {
        let Some(field) = Field::of(self.kind, name) else {
            return self.refuse("extra_forbidden", format!("{} has no property {name:?}", self.kind.id));
        };
        let Value::Object(operators) = value else { return self.test(&field, "eq", value) };
        if operators.is_empty() {
            return self.refuse("value_error", format!("Expected an operator: {OPERATORS}"));
        }
        let mut all = Vec::new();
        for (operator, value) in operators {
            all.push(self.within(operator.as_str(), |parser| parser.test(&field, operator, value))?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
    }

    fn test(&mut self, field: &Field, operator: &str, value: &Value) -> Result<Filter> {
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS {
            return self.refuse("too_long", format!("At most {MOST_CONDITIONS} conditions"));
        }
        let test = |test: Test| Filter::Test(field.clone(), test);
        let not = |filter: Filter| Filter::Not(Box::new(filter));
        Ok(match operator {
            "eq" => test(self.is(field, value)?),
            "ne" => not(test(self.is(field, value)?)),
            "gt" => test(self.compare(field, Comparison::Above, value)?),
            "ge" => test(self.compare(field, Comparison::AtLeast, value)?),
            "lt" => test(self.compare(field, Comparison::Below, value)?),
            "le" => test(self.compare(field, Comparison::AtMost, value)?),
            "in" => self.one_of(field, value)?,
            "nin" => not(self.one_of(field, value)?),
            "like" => test(Test::Like(self.pattern(field, value, Pattern::read)?)),
            "starts_with" => test(Test::Like(self.pattern(field, value, Pattern::beginning_with)?)),
            "contains" => self.contains(field, value)?,
            "null" => match value {
                Value::Bool(true) => test(Test::IsMissing),
                Value::Bool(false) => not(test(Test::IsMissing)),
                _ => return self.refuse("bool_type", "Expected true or false"),
            },
            "between" => {
                let Some([from, to]) = value.as_array().and_then(|list| <&[Value; 2]>::try_from(list.as_slice()).ok())
                else {
                    return self.refuse("list_type", "Expected the first and the last value: [1, 5]");
                };
                let from = self.within("0", |parser| parser.compare(field, Comparison::AtLeast, from))?;
                let to = self.within("1", |parser| parser.compare(field, Comparison::AtMost, to))?;
                Filter::All(vec![test(from), test(to)])
            }
            _ => {
                let message = format!("Expected an operator: {OPERATORS}. What equals an object is {{\"eq\": {{…}}}}");
                return self.refuse("value_error", message);
            }
        })
    }

    fn operand(&self, field: &Field, value: &Value) -> Result<Operand> {
        operand::read(field, value).or_else(|(rule, message)| self.refuse(rule, message))
    }

    fn is(&self, field: &Field, value: &Value) -> Result<Test> {
        Ok(if value.is_null() { Test::IsMissing } else { Test::Is(self.operand(field, value)?) })
    }

    fn compare(&self, field: &Field, comparison: Comparison, value: &Value) -> Result<Test> {
        if !field.kind().has_order() {
            return self.refuse("value_error", "The values of this field have no order");
        }
        let operand = self.operand(field, value)?;
        if let Operand::Json(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) = operand {
            return self.refuse("value_error", "Expected a number or a text to compare with");
        }
        Ok(Test::Compare(comparison, operand))
    }

    fn one_of(&mut self, field: &Field, value: &Value) -> Result<Filter> {
        let Value::Array(list) = value else {
            return self.refuse("list_type", "Expected a list of values: [\"Draft\", \"Review\"]");
        };
        self.values += list.len();
        if self.values > MOST_VALUES {
            return self.refuse("too_long", format!("At most {MOST_VALUES} values"));
        }
        let mut operands = Vec::new();
        for (index, value) in list.iter().enumerate().filter(|(_, value)| !value.is_null()) {
            let (path, parser) = (index.to_string(), &mut *self);
            operands.push(parser.within(path, |parser| parser.scalar(field, value))?);
        }
        let among = Filter::Test(field.clone(), Test::IsOneOf(operands));
        Ok(if list.contains(&Value::Null) {
            Filter::Any(vec![Filter::Test(field.clone(), Test::IsMissing), among])
        } else {
            among
        })
    }

    fn scalar(&self, field: &Field, value: &Value) -> Result<Operand> {
        match self.operand(field, value)? {
            Operand::Json(Value::Array(_) | Value::Object(_)) => {
                self.refuse("value_error", "Expected a text, a number, true, false or null")
            }
            operand => Ok(operand),
        }
    }

    fn pattern(
        &self,
        field: &Field,
        value: &Value,
        read: impl Fn(&str) -> std::result::Result<Pattern, String>,
    ) -> Result<Pattern> {
        match value.as_str() {
            Some(text) if field.kind().has_text() => read(text).or_else(|message| self.refuse("value_error", message)),
            Some(_) => self.refuse("value_error", "The values of this field are no texts"),
            None => self.refuse("string_type", "Expected a text"),
        }
    }

    /// A part of a text; where the field may have a list, also one of its elements.
    fn contains(&self, field: &Field, value: &Value) -> Result<Filter> {
        use super::filter::Kind;
        let test = |test: Test| Filter::Test(field.clone(), test);
        if field.kind() != Kind::Free {
            return Ok(test(Test::Like(self.pattern(field, value, Pattern::containing)?)));
        }
        let Operand::Json(element) = self.scalar(field, value)? else { return Ok(Filter::Any(Vec::new())) };
        if element.is_null() {
            return self.refuse("value_error", "Expected a text, a number, true or false");
        }
        let mut any = vec![test(Test::Has(element))];
        if value.is_string() {
            any.push(test(Test::Like(self.pattern(field, value, Pattern::containing)?)));
        }
        Ok(Filter::Any(any))
    }
}
