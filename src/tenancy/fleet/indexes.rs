//! The indexes that a database has because its administrators asked for them, which no change of the schema makes.

use migration::tenant;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::db::property_index::{PropertyIndex, catalogue_part, expected_indexes};
use crate::db::{Db, Inspected, applied};
use crate::entity::tenant::property;
use crate::error::Result;

/// The change that introduced them.
const SINCE: &str = "m0011_property_rules";

/// Adds the indexes that the properties of a database ask for: those that are ready must be there, and those that are being
/// made or could not be made may be.
pub(super) async fn expect(db: &Db, real: &Inspected, expected: &mut Inspected) -> Result<()> {
    if !applied::<tenant::Migrator>(db).await?.iter().any(|change| change == SINCE) {
        return Ok(());
    }
    let (mut ready, mut pending) = (Vec::new(), Vec::new());
    for (index, status) in wanted(db).await? {
        if status.as_deref() == Some("ready") { ready.push(index) } else { pending.push(index) }
    }
    expected.merge(&expected_indexes(db, &ready).await?);
    for index in &pending {
        let (table, part) = catalogue_part(index);
        expected.adopt(real, table, &part);
    }
    Ok(())
}

async fn wanted(db: &impl ConnectionTrait) -> Result<Vec<(PropertyIndex, Option<String>)>> {
    use property::Column;
    // Named one by one: a later change may add columns that this database does not have yet.
    let rows: Vec<(Uuid, String, String, bool, Option<String>)> = property::Entity::find()
        .select_only()
        .columns([Column::Id, Column::ItemTypeId, Column::Name, Column::IsUnique, Column::IndexStatus])
        .filter(Condition::any().add(Column::IsUnique.eq(true)).add(Column::IsIndexed.eq(true)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(property, item_type, key, unique, status)| (PropertyIndex { property, item_type, key, unique }, status))
        .collect())
}
