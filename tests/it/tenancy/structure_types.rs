//! The types of substitutes, equivalents, spares and manufacturing structures, in databases that were made before them.

use migration::{MigratorTrait, SchemaManager, tenant};
use sea_orm::Database;
use serde_json::{Value, json};

use super::fleet::support::product_url;
use crate::support::client::Client;
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(a_migrated_database_gets_the_types_that_a_new_one_is_seeded_with);

const TYPES: [&str; 5] =
    ["Part BOM Substitute", "Part Equivalent", "Part Spare", "Manufacturing Part", "Manufacturing BOM"];

enum Way {
    Up,
    Down,
}

/// Goes one change forth or back, as the lists of changes do.
async fn migrate(at: &Installation, way: Way) {
    let db = Database::connect(product_url(at, "acme")).await.unwrap();
    let changes = tenant::Migrator::migrations();
    let change = changes.iter().find(|change| change.name() == "m0039_structure_types").unwrap();
    let manager = SchemaManager::new(&db);
    match way {
        Way::Up => change.up(&manager).await.unwrap(),
        Way::Down => change.down(&manager).await.unwrap(),
    }
    db.close().await.unwrap();
}

/// A type without the ids, which are its own in every database; null where it is not there.
async fn shown(client: &Client, kind: &str) -> Value {
    let reply = client.get(&format!("/meta/item-types/{kind}")).await;
    if reply.status == 404 {
        return Value::Null;
    }
    let mut shown = reply.expect(200);
    shown.as_object_mut().unwrap().remove("uuid");
    for property in shown["properties"].as_array_mut().unwrap() {
        property.as_object_mut().unwrap().remove("id");
    }
    shown
}

async fn all(client: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in TYPES {
        all.push(shown(client, kind).await);
    }
    all.push(client.get("/meta/item-types/Manufacturing Part/numbering").await.json());
    all
}

async fn a_migrated_database_gets_the_types_that_a_new_one_is_seeded_with(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    let seeded = all(admin).await;
    assert!(seeded.iter().all(Value::is_object), "{seeded:?}");

    migrate(at, Way::Down).await;
    for kind in TYPES {
        assert_eq!(shown(admin, kind).await, Value::Null, "{kind}");
    }
    let (one, two) = (add_part(admin, "ONE").await, add_part(admin, "TWO").await);
    let path = format!("/items/{one}/equivalents");
    for _ in 0..2 {
        migrate(at, Way::Up).await;
        assert_eq!(all(admin).await, seeded);
    }
    let part = json!({"type": "Manufacturing Part", "action": "add"});
    let part = admin.post("/aml/apply", &part).await.expect(200);
    assert_eq!(part["items"][0]["properties"]["item_number"], "MP-000001");
    admin.post(&path, &json!({"equivalent_item_id": two})).await.expect(200);

    // What is used stays.
    migrate(at, Way::Down).await;
    for (kind, stays) in TYPES.into_iter().zip([false, true, false, true, false]) {
        assert_eq!(shown(admin, kind).await.is_object(), stays, "{kind}");
    }
    migrate(at, Way::Up).await;
    assert_eq!(all(admin).await[..5], seeded[..5]);
    assert_eq!(admin.get(&path).await.expect(200)["count"], 1);
}
