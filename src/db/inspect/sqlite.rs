//! SQLite's catalogue: `sqlite_master` and the table-valued pragmas.

use sea_orm::ConnectionTrait;

use super::{Inspected, rows};
use crate::error::Result;

const COLUMNS: &str = "SELECT m.name, c.name, lower(c.type), c.\"notnull\", c.dflt_value
    FROM sqlite_master m, pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// The keys of a table are part of it and have no name; other indexes have one.
const INDEXES: &str = "SELECT m.name, i.name, i.origin, i.\"unique\",
        (SELECT group_concat(coalesce(x.name, '(expression)') || CASE x.\"desc\" WHEN 1 THEN ' DESC' ELSE '' END, ', ')
         FROM pragma_index_xinfo(i.name) x WHERE x.key = 1),
        coalesce((SELECT substr(s.sql, instr(lower(s.sql), ' where ')) FROM sqlite_master s
                  WHERE s.name = i.name AND i.partial = 1), '')
    FROM sqlite_master m, pragma_index_list(m.name) i
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const FOREIGN_KEYS: &str = "SELECT name, \"table\", group_concat(\"from\", ', '), group_concat(\"to\", ', '),
        on_update, on_delete
    FROM (SELECT m.name, f.* FROM sqlite_master m, pragma_foreign_key_list(m.name) f
          WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq)
    GROUP BY name, id, \"table\", on_update, on_delete";

const PROGRAMS: &str = "SELECT tbl_name, type, name, sql FROM sqlite_master
    WHERE type IN ('view', 'trigger') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')";

pub(in crate::db) async fn read(db: &impl ConnectionTrait) -> Result<Inspected> {
    let mut found = Inspected::default();
    columns(db, &mut found).await?;
    indexes(db, &mut found).await?;
    foreign_keys(db, &mut found).await?;
    programs(db, &mut found).await?;
    Ok(found)
}

async fn columns(db: &impl ConnectionTrait, found: &mut Inspected) -> Result<()> {
    for row in rows(db, COLUMNS).await? {
        let (table, column): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let kind: String = row.try_get_by_index(2)?;
        let null = if row.try_get_by_index::<i64>(3)? == 1 { "not null" } else { "null" };
        let default: Option<String> = row.try_get_by_index(4)?;
        let default = default.map(|default| format!(" default {default}")).unwrap_or_default();
        found.table(&table).insert(format!("column {column}"), format!("{kind} {null}{default}"));
    }
    Ok(())
}

async fn indexes(db: &impl ConnectionTrait, found: &mut Inspected) -> Result<()> {
    for row in rows(db, INDEXES).await? {
        let (table, name): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let origin: String = row.try_get_by_index(2)?;
        let unique = if row.try_get_by_index::<i64>(3)? == 1 { "unique " } else { "" };
        let columns: Option<String> = row.try_get_by_index(4)?;
        let columns = columns.unwrap_or_default();
        let condition: String = row.try_get_by_index(5)?;
        match origin.as_str() {
            "pk" => found.table(&table).insert(format!("primary key ({columns})"), String::new()),
            "u" => found.table(&table).insert(format!("unique ({columns})"), String::new()),
            _ => found.table(&table).insert(format!("index {name}"), format!("{unique}({columns}){condition}")),
        };
    }
    Ok(())
}

async fn foreign_keys(db: &impl ConnectionTrait, found: &mut Inspected) -> Result<()> {
    for row in rows(db, FOREIGN_KEYS).await? {
        let text = |index: usize| row.try_get_by_index::<Option<String>>(index).map(Option::unwrap_or_default);
        let key = format!("foreign key ({}) to {}({})", text(2)?, text(1)?, text(3)?);
        found.table(&text(0)?).insert(key, format!("on update {}, on delete {}", text(4)?, text(5)?));
    }
    Ok(())
}

async fn programs(db: &impl ConnectionTrait, found: &mut Inspected) -> Result<()> {
    for row in rows(db, PROGRAMS).await? {
        let (table, kind): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (name, sql): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        found.table(&table).insert(format!("{kind} {name}"), sql);
    }
    Ok(())
}
