//! Filters and orders as SQL, for the rows of `items i`.

use sea_orm::ConnectionTrait;
use serde_json::{Number, Value};

use crate::db::{JsonColumn, Sql, dialect};
use crate::domain::meta::query::{Column, Comparison, Field, Filter, Kind, Operand, Pattern, Term, Test};

/// Writes conditions and orders for one engine.
pub struct Compiler {
    properties: JsonColumn,
}

impl Compiler {
    pub fn new(db: &impl ConnectionTrait) -> Self {
        Self { properties: dialect::json(db, "i.properties") }
    }

    /// A condition that is true for what the filter wants; false or NULL for the rest.
    pub fn push(&self, sql: &mut Sql, filter: &Filter) {
        match filter {
            Filter::All(all) => self.push_joined(sql, all, " AND ", "TRUE"),
            Filter::Any(any) => self.push_joined(sql, any, " OR ", "FALSE"),
            Filter::Not(inner) => {
                sql.push("(");
                self.push(sql, inner);
                sql.push(") IS NOT TRUE");
            }
            Filter::Test(Field::Column(column), test) => self.push_column(sql, *column, test),
            Filter::Test(Field::Property(name, kind), test) => self.push_property(sql, name, *kind, test),
        }
    }

    fn push_joined(&self, sql: &mut Sql, parts: &[Filter], between: &str, none: &str) {
        if parts.is_empty() {
            sql.push(none);
            return;
        }
        for (index, part) in parts.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { between });
            self.push(sql, part);
        }
        sql.push(")");
    }

    fn push_column(&self, sql: &mut Sql, column: Column, test: &Test) {
        let name = name(column);
        match test {
            Test::Is(operand) => {
                sql.push(name).push(" = ");
                bind(sql, operand);
            }
            Test::IsOneOf(operands) => {
                sql.push(name).push(" IN (NULL");
                for operand in operands {
                    sql.push(", ");
                    bind(sql, operand);
                }
                sql.push(")");
            }
            Test::Compare(comparison, operand) => {
                sql.push(name).push(self.collation(column)).push(sign(*comparison));
                bind(sql, operand);
            }
            Test::Like(pattern) => self.push_like(sql, pattern, |sql| {
                sql.push(name).push(self.collation(column));
            }),
            Test::Has(_) => {
                sql.push("FALSE");
            }
            Test::IsMissing => {
                sql.push(name).push(" IS NULL");
            }
        }
    }

    fn push_property(&self, sql: &mut Sql, name: &str, kind: Kind, test: &Test) {
        let properties = &self.properties;
        match test {
            Test::Is(Operand::Json(value)) => properties.push_equals(sql, name, value),
            Test::IsOneOf(operands) => self.push_one_of(sql, name, operands),
            Test::Compare(comparison, Operand::Json(Value::Number(number))) => {
                // What is written in another way is equal first: see `JsonColumn::push_is_one_number_of`.
                let with_equal = matches!(comparison, Comparison::AtLeast | Comparison::AtMost);
                sql.push("(CASE WHEN ");
                properties.push_is_one_number_of(sql, name, &[number]);
                sql.push(if with_equal { " THEN TRUE ELSE " } else { " THEN FALSE ELSE " });
                properties.push_number(sql, name);
                sql.push(sign(*comparison));
                properties.bind_number(sql, number);
                sql.push(" END)");
            }
            Test::Compare(comparison, Operand::Json(Value::String(text))) if kind == Kind::Moment => {
                self.push_moment(sql, name);
                sql.push(sign(*comparison)).bind(text.trim_end_matches('Z'));
            }
            Test::Compare(comparison, Operand::Json(Value::String(text))) => {
                properties.push_text(sql, name);
                sql.push(sign(*comparison)).bind(text.as_str());
            }
            Test::Like(pattern) => self.push_like(sql, pattern, |sql| properties.push_text(sql, name)),
            Test::Has(element) => properties.push_has(sql, name, element),
            Test::IsMissing => properties.push_is_missing(sql, name),
            // Properties are compared with JSON alone.
            Test::Is(_) | Test::Compare(..) => {
                sql.push("FALSE");
            }
        }
    }

    /// Times are kept with as many digits as they need; without the `Z` their order is that of their texts.
    fn push_moment(&self, sql: &mut Sql, name: &str) {
        sql.push("rtrim(");
        self.properties.push_text(sql, name);
        sql.push(", 'Z')").push(self.properties.by_code_point());
    }

    fn push_one_of(&self, sql: &mut Sql, name: &str, operands: &[Operand]) {
        let values = || {
            operands.iter().filter_map(|operand| if let Operand::Json(value) = operand { Some(value) } else { None })
        };
        let texts: Vec<&str> = values().filter_map(Value::as_str).collect();
        let numbers: Vec<&Number> = values().filter_map(Value::as_number).collect();
        sql.push("(FALSE");
        if !texts.is_empty() {
            sql.push(" OR ");
            self.properties.push_is_one_of(sql, name, &texts);
        }
        if !numbers.is_empty() {
            sql.push(" OR ");
            self.properties.push_is_one_number_of(sql, name, &numbers);
        }
        for flag in [true, false].map(Value::Bool) {
            if values().any(|value| *value == flag) {
                sql.push(" OR ");
                self.properties.push_equals(sql, name, &flag);
            }
        }
        sql.push(")");
    }

    fn push_like(&self, sql: &mut Sql, pattern: &Pattern, push_text: impl Fn(&mut Sql)) {
        sql.push("lower(");
        push_text(sql);
        sql.push(") LIKE ").bind(pattern.like()).push(" ESCAPE '\\'");
    }

    fn collation(&self, column: Column) -> &'static str {
        if matches!(column, Column::State | Column::Key) { self.properties.by_code_point() } else { "" }
    }

    /// What stands after `ORDER BY`; ends with the id, so that pages fit together.
    pub fn push_order(&self, sql: &mut Sql, order: &[Term]) {
        for term in order {
            let direction = if term.descending { " DESC NULLS LAST, " } else { " ASC NULLS LAST, " };
            match &term.field {
                Field::Column(column) => {
                    sql.push(name(*column)).push(self.collation(*column)).push(direction);
                }
                Field::Property(name, kind) => self.push_property_order(sql, name, *kind, direction),
            }
        }
        sql.push("i.id ASC");
    }

    fn push_property_order(&self, sql: &mut Sql, name: &str, kind: Kind, direction: &str) {
        let properties = &self.properties;
        match kind {
            Kind::Decimal | Kind::Whole => properties.push_number(sql, name),
            Kind::Flag => properties.push_flag(sql, name),
            Kind::Moment => self.push_moment(sql, name),
            // Numbers before texts before true and false.
            Kind::Free => {
                properties.push_number(sql, name);
                sql.push(direction);
                properties.push_text(sql, name);
                sql.push(direction);
                properties.push_flag(sql, name);
            }
            Kind::Text | Kind::Number | Kind::Unit | Kind::Date | Kind::Id => properties.push_text(sql, name),
        }
        sql.push(direction);
    }
}

fn name(column: Column) -> &'static str {
    match column {
        Column::Id => "i.id",
        Column::Key => "i.unique_key",
        Column::State => "i.state",
        Column::Generation => "i.generation",
        Column::IsCurrent => "i.is_current",
        Column::ConfigId => "i.config_id",
        Column::SourceId => "i.source_id",
        Column::RelatedId => "i.related_id",
        Column::OwnerId => "i.owner_id",
        Column::CreatedById => "i.created_by_id",
        Column::CreatedOn => "i.created_on",
        Column::ModifiedById => "i.modified_by_id",
        Column::ModifiedOn => "i.modified_on",
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Above => " > ",
        Comparison::AtLeast => " >= ",
        Comparison::Below => " < ",
        Comparison::AtMost => " <= ",
    }
}

fn bind(sql: &mut Sql, operand: &Operand) {
    match operand {
        Operand::Id(id) => sql.bind(*id),
        Operand::Moment(moment) => sql.bind(*moment),
        Operand::Json(Value::String(text)) => sql.bind(text.as_str()),
        Operand::Json(Value::Bool(flag)) => sql.bind(*flag),
        Operand::Json(value) => sql.bind(value.as_i64()),
    };
}
