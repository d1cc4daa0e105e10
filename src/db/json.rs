//! Conditions on the keys of a JSON object column, the same on both engines. Built by [`dialect::json`](super::dialect::json),
//! which tells them apart.
//!
//! A plain key stands in the statement itself, so that an index on the same expression serves it; any other is bound.

use serde_json::{Number, Value};

use super::Sql;

/// A column that holds JSON objects, as one engine reads it.
#[derive(Debug, Clone)]
pub struct JsonColumn {
    column: &'static str,
    is_jsonb: bool,
}

impl JsonColumn {
    pub(super) fn new(column: &'static str, is_jsonb: bool) -> Self {
        Self { column, is_jsonb }
    }

    /// The text that a key has; NULL where it has none.
    pub fn push_text(&self, sql: &mut Sql, key: &str) {
        sql.push("CASE WHEN ");
        self.push_type(sql, key);
        sql.push(if self.is_jsonb { " = 'string' THEN " } else { " = 'text' THEN " });
        self.push_scalar(sql, key);
        sql.push(" END").push(self.by_code_point());
    }

    /// The number that a key has; NULL where it has none.
    pub fn push_number(&self, sql: &mut Sql, key: &str) {
        sql.push("CASE WHEN ");
        self.push_type(sql, key);
        if self.is_jsonb {
            sql.push(" = 'number' THEN (");
            self.push_scalar(sql, key);
            sql.push(")::numeric END");
        } else {
            sql.push(" IN ('integer', 'real') THEN ");
            self.push_scalar(sql, key);
            sql.push(" END");
        }
    }

    /// 1 or 0 where a key is true or false, else NULL: for an order.
    pub fn push_flag(&self, sql: &mut Sql, key: &str) {
        let (is_true, is_false) = (Value::Bool(true), Value::Bool(false));
        sql.push("CASE WHEN ");
        self.push_equals(sql, key, &is_true);
        sql.push(" THEN 1 WHEN ");
        self.push_equals(sql, key, &is_false);
        sql.push(" THEN 0 END");
    }

    /// The key is not there, or null.
    pub fn push_is_missing(&self, sql: &mut Sql, key: &str) {
        sql.push("COALESCE(");
        self.push_type(sql, key);
        sql.push(", 'null') = 'null'");
    }

    /// The key has exactly this value, in kind and in content; 2 and 2.0 are one number.
    pub fn push_equals(&self, sql: &mut Sql, key: &str, value: &Value) {
        match value {
            Value::Null => self.push_is_missing(sql, key),
            Value::String(text) => self.push_is_one_of(sql, key, &[text.as_str()]),
            Value::Number(number) => self.push_is_one_number_of(sql, key, &[number]),
            _ if self.is_jsonb => {
                self.push_raw(sql, key);
                sql.push(" = ").bind(value.to_string()).push("::jsonb");
            }
            Value::Bool(flag) => {
                self.push_type(sql, key);
                sql.push(if *flag { " = 'true'" } else { " = 'false'" });
            }
            Value::Array(_) | Value::Object(_) => self.push_is_tree(sql, key, value),
        }
    }

    /// The key has one of these texts.
    pub fn push_is_one_of(&self, sql: &mut Sql, key: &str, texts: &[&str]) {
        sql.push("(");
        self.push_scalar(sql, key);
        match texts {
            [text] => sql.push(" = ").bind(*text),
            _ => sql.push(" IN ").bind_list(texts.iter().copied()),
        };
        sql.push(" AND ");
        self.push_type(sql, key);
        sql.push(if self.is_jsonb { " = 'string')" } else { " = 'text')" });
    }

    /// The key has one of these numbers, in any of the ways in which it may be written: SQLite may read the last digit of a
    /// fraction differently, and PostgreSQL takes the shortest digits of a float for all of them.
    pub fn push_is_one_number_of(&self, sql: &mut Sql, key: &str, numbers: &[&Number]) {
        self.push_raw(sql, key);
        sql.push(" IN ");
        if !self.is_jsonb {
            sql.bind_list(numbers.iter().flat_map(|number| spellings(number)));
            return;
        }
        sql.push("(NULL");
        for spelled in numbers.iter().flat_map(|number| spellings(number)) {
            sql.push(", ").bind(spelled).push("::jsonb");
        }
        sql.push(")");
    }

    /// The key has a list, and a text, number, true or false is one of its elements.
    pub fn push_has(&self, sql: &mut Sql, key: &str, element: &Value) {
        sql.push("(");
        self.push_type(sql, key);
        sql.push(" = 'array' AND ");
        if self.is_jsonb {
            self.push_raw(sql, key);
            sql.push(" @> ").bind(element.to_string()).push("::jsonb)");
            return;
        }
        sql.push("EXISTS (SELECT 1 FROM json_each(").push(self.column).push(", ");
        push_path(sql, key);
        sql.push(") element WHERE ");
        match element {
            Value::String(text) => sql.push("element.type = 'text' AND element.value = ").bind(text.as_str()),
            Value::Number(number) => {
                sql.push("element.type IN ('integer', 'real') AND element.value = ");
                self.bind_number(sql, number)
            }
            Value::Bool(true) => sql.push("element.type = 'true'"),
            Value::Bool(false) => sql.push("element.type = 'false'"),
            _ => sql.push("FALSE"),
        };
        sql.push("))");
    }

    /// A number, to be compared with [`Self::push_number`].
    pub fn bind_number<'a>(&self, sql: &'a mut Sql, number: &Number) -> &'a mut Sql {
        match (number.as_i64(), number.as_f64()) {
            _ if self.is_jsonb => sql.bind(number.to_string()).push("::numeric"),
            (Some(whole), _) => sql.bind(whole),
            (None, float) => sql.bind(float),
        }
    }

    /// After a text: ordered and compared character by character, whatever the database's language.
    pub fn by_code_point(&self) -> &'static str {
        if self.is_jsonb { " COLLATE \"C\"" } else { "" }
    }

    /// `text`, `string`, `number`, `integer`, `real` … by engine; NULL where the key is not there.
    fn push_type(&self, sql: &mut Sql, key: &str) {
        if self.is_jsonb {
            sql.push("jsonb_typeof(");
            self.push_raw(sql, key);
        } else {
            sql.push("json_type(").push(self.column).push(", ");
            push_path(sql, key);
        }
        sql.push(")");
    }

    /// The value as the engine's own text or number.
    fn push_scalar(&self, sql: &mut Sql, key: &str) {
        if self.is_jsonb {
            sql.push("(").push(self.column).push(" ->> ");
            push_key(sql, key);
        } else {
            sql.push("json_extract(").push(self.column).push(", ");
            push_path(sql, key);
        }
        sql.push(")");
    }

    /// The value as JSON.
    fn push_raw(&self, sql: &mut Sql, key: &str) {
        sql.push("(").push(self.column).push(" -> ");
        if self.is_jsonb {
            push_key(sql, key)
        } else {
            push_path(sql, key)
        }
        sql.push(")");
    }

    /// SQLite: the same paths with the same values, in both directions.
    fn push_is_tree(&self, sql: &mut Sql, key: &str, value: &Value) {
        const LEAVES: &str =
            "SELECT fullkey, CASE WHEN type IN ('integer', 'real') THEN 'number' ELSE type END, atom FROM json_tree(";
        let text = value.to_string();
        self.push_type(sql, key);
        sql.push(if value.is_array() { " = 'array'" } else { " = 'object'" });
        for given_first in [true, false] {
            sql.push(" AND NOT EXISTS (");
            for given in [given_first, !given_first] {
                sql.push(LEAVES);
                if given {
                    sql.bind(text.as_str());
                } else {
                    self.push_raw(sql, key);
                }
                sql.push(if given == given_first { ") EXCEPT " } else { "))" });
            }
        }
    }
}

/// A name of letters, digits and underscores needs no quoting in any language.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn push_key(sql: &mut Sql, key: &str) {
    if is_plain(key) {
        sql.push("'").push(key).push("'");
    } else {
        sql.bind(key).push("::text");
    }
}

/// A path of SQLite: the key in quotes, written as JSON writes it.
fn push_path(sql: &mut Sql, key: &str) {
    if is_plain(key) {
        sql.push("'$.\"").push(key).push("\"'");
    } else {
        sql.bind(format!("$.{}", Value::from(key)));
    }
}

/// The ways in which the same number is written: 2 and 2.0.
fn spellings(number: &Number) -> Vec<String> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    let float = number.as_f64().map(|float| float + 0.0);
    // 2^64 and above is written as a float only.
    let from_float = float.filter(|float| float.fract() == 0.0 && float.abs() < 18_446_744_073_709_551_616.0);
    #[allow(clippy::cast_possible_truncation, reason = "a whole number below 2^64")]
    let whole = whole.or_else(|| from_float.map(|float| float as i128));
    let mut spelled: Vec<String> = whole.iter().map(ToString::to_string).collect();
    #[allow(clippy::cast_possible_truncation, reason = "what does not come back is left out")]
    let exact = |float: &f64| whole.is_none_or(|whole| *float as i128 == whole);
    if let Some(float) = float.filter(exact) {
        let text = Value::from(float).to_string();
        // Exponents are written with and without a plus, by the version of the writer.
        spelled.extend(text.contains('+').then(|| text.replace('+', "")));
        spelled.push(text);
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_is_spelled_in_every_way_it_may_be_stored() {
        let table = [
            (json!(2), vec!["2", "2.0"]),
            (json!(2.0), vec!["2", "2.0"]),
            (json!(-0.0), vec!["0", "0.0"]),
            (json!(1.5), vec!["1.5"]),
            (json!(1e17), vec!["100000000000000000", "1e17", "1e+17"]),
            (json!(9_007_199_254_740_993_i64), vec!["9007199254740993"]),
            (json!(u64::MAX), vec!["18446744073709551615"]),
            (json!(1e20), vec!["1e20", "1e+20"]),
            (json!(i64::MIN), vec!["-9223372036854775808", "-9.223372036854776e18", "-9.223372036854776e+18"]),
        ];
        for (number, expected) in table {
            assert_eq!(spellings(number.as_number().unwrap()), expected, "{number}");
        }
    }

    #[test]
    fn only_a_plain_key_stands_in_the_statement() {
        for key in ["a'b", "a\"b", "a.b", "a b", "腿", "$", "a--"] {
            for is_jsonb in [true, false] {
                let mut sql = Sql::new("");
                JsonColumn::new("i.properties", is_jsonb).push_is_missing(&mut sql, key);
                let written = format!("{sql:?}");
                let (text, values) = written.split_once("values").unwrap();
                assert!(!text.contains(&format!("'{key}")) && values.contains("String"), "{written}");
            }
        }
        let mut sql = Sql::new("");
        JsonColumn::new("p", false).push_is_missing(&mut sql, "Cost_2");
        assert!(format!("{sql:?}").contains(r#"json_type(p, '$.\"Cost_2\"')"#), "{sql:?}");
    }
}
