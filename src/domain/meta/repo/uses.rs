//! Who uses items that are to go: relationships that lead to them or hang on them, and items that refer to them.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::super::item::Item;
use super::super::model::Model;
use super::query::{IDS_PER_QUERY, read, read_count, signed};
use super::visible::visible;
use crate::db::dialect::json;
use crate::db::{Sql, Tx};
use crate::error::Result;

/// How many use what is to go, and the first of them that the caller may get.
#[derive(Default)]
pub struct Uses {
    pub count: u64,
    pub shown: Vec<Item>,
}

/// What is to go at once: an item, and perhaps the lines that hang on it.
#[derive(Debug, Clone, Copy)]
pub struct Going {
    pub root: Uuid,
    pub with_lines: bool,
}

impl Going {
    /// Begins a statement with `going(id)`.
    fn with(self) -> Sql {
        let mut sql = Sql::new("WITH going AS (SELECT g.id FROM items g WHERE g.id = ");
        sql.bind(self.root);
        if self.with_lines {
            sql.push(" OR g.source_id = ").bind(self.root);
        }
        sql.push(")");
        sql
    }
}

/// Relationships that lead to what goes, or hang on it, and stay themselves.
///
/// `CROSS JOIN` keeps SQLite from reading every item of the database.
pub async fn by_relationships(tx: &Tx, model: &Model, going: Going, most: u64) -> Result<Uses> {
    let begin = || {
        let mut sql = going.with();
        sql.push(
            ", users AS (SELECT u.id FROM going g CROSS JOIN items u WHERE u.related_id = g.id \
             UNION SELECT u.id FROM going g CROSS JOIN items u WHERE u.source_id = g.id) ",
        );
        sql
    };
    let rest = " FROM users CROSS JOIN items i WHERE i.id = users.id AND i.id NOT IN (SELECT id FROM going)";
    counted(tx, model, begin, rest, |_| {}, most).await
}

/// Items a version of which leads to what goes, and is known by no line of now.
pub async fn by_versions(tx: &Tx, model: &Model, going: Going, most: u64) -> Result<Uses> {
    let begin = || {
        let mut sql = going.with();
        sql.push(
            ", users AS (SELECT DISTINCT v.item_id AS id FROM going g CROSS JOIN version_lines l \
             JOIN item_versions v ON v.id = l.version_id WHERE l.related_id = g.id \
             AND NOT EXISTS (SELECT 1 FROM items n WHERE n.id = l.line_id)) ",
        );
        sql
    };
    let rest = " FROM users CROSS JOIN items i WHERE i.id = users.id AND i.id NOT IN (SELECT id FROM going)";
    counted(tx, model, begin, rest, |_| {}, most).await
}

/// Items of a type that refer by a property to one of those that go, and stay themselves.
pub async fn by_property(
    tx: &Tx,
    model: &Model,
    (kind, property): (&str, &str),
    going: Going,
    ids: &[Uuid],
    most: u64,
) -> Result<Uses> {
    let properties = json(tx, "i.properties");
    let mut all = Uses::default();
    for some in ids.chunks(IDS_PER_QUERY) {
        let texts: Vec<String> = some.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let condition = |sql: &mut Sql| {
            sql.bind(kind).push(" AND i.id NOT IN (SELECT id FROM going) AND ");
            properties.push_is_one_of(sql, property, &texts);
        };
        let begin = || going.with();
        let some = counted(tx, model, begin, " FROM items i WHERE i.item_type_id = ", condition, most).await?;
        all.count += some.count;
        all.shown.extend(some.shown);
    }
    all.shown.truncate(most as usize);
    Ok(all)
}

async fn counted(
    tx: &Tx,
    model: &Model,
    begin: impl Fn() -> Sql,
    rest: &str,
    condition: impl Fn(&mut Sql),
    most: u64,
) -> Result<Uses> {
    let mut sql = begin();
    sql.push(" SELECT COUNT(*) AS many").push(rest);
    condition(&mut sql);
    let count = read_count(tx, sql).await?;
    if count == 0 {
        return Ok(Uses::default());
    }
    let mut sql = begin();
    sql.push(" SELECT i.*").push(rest);
    condition(&mut sql);
    sql.push(" AND ");
    visible(&mut sql, model, "i");
    sql.push(" ORDER BY i.id LIMIT ").bind(signed(most));
    let shown = read(&tx.query_all_raw(sql.statement(tx)).await?)?;
    Ok(Uses { count, shown })
}
