//! PostgreSQL's catalogue, of the connection's schema. Definitions come from the server itself, in the short form that leaves
//! out the names of schemas that the connection sees.

use sea_orm::ConnectionTrait;

use super::{Inspected, rows};
use crate::db::Tx;
use crate::error::Result;

const COLUMNS: &str = "SELECT c.relname::text, 'column ' || a.attname,
        format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE ' null' END
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";

/// Those of constraints are told with the constraints.
const INDEXES: &str = "SELECT c.relname::text, 'index ' || n.relname,
        regexp_replace(pg_get_indexdef(i.indexrelid, 0, true), '^CREATE (UNIQUE )?INDEX .* USING ', '\\1')
        || CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))";

const CONSTRAINTS: &str = "SELECT c.relname::text, pg_get_constraintdef(k.oid, true), ''
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('p', 'u', 'f', 'c', 'x')";

const PROGRAMS: &str = "SELECT c.relname::text, 'trigger ' || t.tgname, pg_get_triggerdef(t.oid, true)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT c.relname::text, 'definition', pg_get_viewdef(c.oid, true)
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm')";

pub(in crate::db) async fn read(db: &impl ConnectionTrait) -> Result<Inspected> {
    let mut found = Inspected::default();
    for sql in [COLUMNS, INDEXES, CONSTRAINTS, PROGRAMS] {
        for row in rows(db, sql).await? {
            let (table, part): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            found.table(&table).insert(part, row.try_get_by_index(2)?);
        }
    }
    Ok(found)
}

/// Everything that follows in the transaction is made in a schema of its own, and sees extensions where they are.
pub(in crate::db) async fn enter_scratch(tx: &Tx) -> Result<()> {
    tx.execute_unprepared("CREATE SCHEMA yuantus_scratch").await?;
    tx.execute_unprepared(
        "SELECT set_config('search_path', 'yuantus_scratch, ' || current_setting('search_path'), true)",
    )
    .await?;
    Ok(())
}
