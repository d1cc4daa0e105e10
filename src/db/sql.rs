//! A raw statement under construction: its text beside the values of its numbered parameters.

use sea_orm::{ConnectionTrait, Statement, Value};

use super::dialect;

/// SQL with `$1`-style parameters, which both engines read. What is pushed is the program's own text; what comes from
/// anybody else is bound.
#[derive(Debug, Clone, Default)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Writes the next parameter, and keeps its value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Writes a list of parameters, `($1, $2)`; never empty, since `IN ()` is no SQL.
    pub fn bind_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.push("(");
        let mut any = false;
        for value in values {
            if any {
                self.push(", ");
            }
            any = true;
            self.bind(value);
        }
        self.push(if any { ")" } else { "NULL)" })
    }

    pub fn statement(self, db: &impl ConnectionTrait) -> Statement {
        dialect::statement(db, self.text, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_the_order_they_are_bound() {
        let mut sql = Sql::new("SELECT 1 WHERE a = ");
        sql.bind("x").push(" AND b IN ").bind_list([1, 2]).push(" AND c IN ").bind_list(Vec::<i32>::new());
        assert_eq!(sql.text, "SELECT 1 WHERE a = $1 AND b IN ($2, $3) AND c IN (NULL)");
        assert_eq!(sql.values, [Value::from("x"), 1.into(), 2.into()]);
    }
}
