//! What refers to contents and to files. The one place that knows: whoever keeps a checksum or a file's id in a column of its
//! own adds the column here, and a test compares the lists with the foreign keys of the schema.

use uuid::Uuid;

use crate::db::Sql;

/// Columns that hold the checksum of a content.
pub const OF_CONTENTS: &[(&str, &str)] = &[("files", "sha256"), ("files", "preview_sha256")];
/// Columns that hold the id of a file and keep it.
pub const OF_FILES: &[(&str, &str)] =
    &[("file_attachments", "file_id"), ("version_files", "file_id"), ("baseline_members", "document_id")];
/// Those that go with their file.
#[cfg(test)]
const WITH_FILES: &[(&str, &str)] = &[("file_uploads", "file_id")];

/// Pushes a condition that holds for the contents whose checksum is `of` that nothing refers to.
pub fn push_unreferenced(sql: &mut Sql, of: &str) {
    push(sql, OF_CONTENTS, of, "NOT EXISTS", " AND ");
}

/// The opposite.
pub fn push_referenced(sql: &mut Sql, of: &str) {
    push(sql, OF_CONTENTS, of, "EXISTS", " OR ");
}

/// Pushes a condition that holds for the files whose id is `of` that no item or version refers to.
pub fn push_unattached(sql: &mut Sql, of: &str) {
    push(sql, OF_FILES, of, "NOT EXISTS", " AND ");
}

/// Pushes the ids of the items that a file hangs on, by itself or by one of their versions.
pub fn push_holders(sql: &mut Sql, file: Uuid) {
    sql.push("(SELECT r.item_id FROM file_attachments r WHERE r.file_id = ").bind(file);
    sql.push(
        " UNION SELECT v.item_id FROM version_files r JOIN item_versions v ON v.id = r.version_id WHERE r.file_id = ",
    );
    sql.bind(file).push(")");
}

fn push(sql: &mut Sql, references: &[(&str, &str)], of: &str, test: &str, joined: &str) {
    let one = |(table, column): &(&str, &str)| format!("{test} (SELECT 1 FROM {table} r WHERE r.{column} = {of})");
    let all: Vec<String> = references.iter().map(one).collect();
    sql.push("(").push(&all.join(joined)).push(")");
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Statement};

    use super::*;
    use crate::domain::testing::TestOrg;

    #[tokio::test]
    async fn every_foreign_key_to_contents_and_files_is_known_here() {
        let at = TestOrg::new().await;
        let sql = "SELECT m.name AS source, f.\"from\" AS col, f.\"table\" AS target \
                   FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
                   WHERE m.type = 'table' AND f.\"table\" IN ('objects', 'files')";
        let rows =
            at.ctx.db.query_all_raw(Statement::from_string(at.ctx.db.get_database_backend(), sql)).await.unwrap();
        assert!(rows.len() >= 4);
        for row in rows {
            let text = |name: &str| -> String { row.try_get("", name).unwrap() };
            let (source, column, target) = (text("source"), text("col"), text("target"));
            let known = if target == "objects" { OF_CONTENTS.to_vec() } else { [OF_FILES, WITH_FILES].concat() };
            assert!(known.contains(&(&source, &column)), "{source}.{column} refers to {target} and is not listed");
        }
    }
}
