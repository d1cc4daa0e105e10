//! Forms, grids and what else a user interface asks for.

use serde_json::json;

use crate::support::world::World;
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_form_is_the_most_particular_one_that_fits,
    a_layout_is_bounded_and_names_what_there_is,
    a_type_is_described_for_a_user_interface,
);

async fn a_form_is_the_most_particular_one_that_fits(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let ada = world.user("ada", &["engineer"]).await;
    let none = admin.get("/ui/form/Part").await.expect(404);
    assert_eq!(none, json!({"detail": "No form defined for this type"}));
    assert_eq!(admin.get("/ui/grid/Part").await.expect(404), json!({"detail": "No grid defined for this type"}));
    assert_eq!(admin.get("/ui/grid/Nothing").await.expect(404), json!({"detail": "No grid defined for this type"}));
    let layout =
        |name: &str| json!({"label": name, "layout": {"sections": [{"fields": [{"property": "name"}]}], "name": name}});
    for query in ["", "?identity_id=engineer", "?device_type=mobile", "?identity_id=engineer&device_type=mobile"] {
        admin.put(&format!("/ui/form/Part{query}"), &layout(query)).await.expect(200);
    }
    let label = |form: serde_json::Value| form["label"].as_str().unwrap().to_owned();
    for (client, query, expected) in [
        (admin, "", ""),
        (admin, "?device_type=mobile", "?device_type=mobile"),
        (admin, "?device_type=watch", ""),
        (admin, "?identity_id=engineer", "?identity_id=engineer"),
        (admin, "?identity_id=nobody", ""),
        (&ada, "", "?identity_id=engineer"),
        (&ada, "?device_type=mobile", "?identity_id=engineer&device_type=mobile"),
    ] {
        assert_eq!(label(client.get(&format!("/ui/form/Part{query}")).await.expect(200)), expected, "{query}");
    }
    let bare = admin.get("/ui/form/Part?include_layout=false&include_validation=true").await.expect(200);
    assert!(bare.get("layout").is_none());
    assert_eq!(bare["validation"]["required"], json!(["item_number"]));
    let by_id = admin.get(&format!("/ui/form/Part?identity_id=x&view_id={}", bare["id"].as_str().unwrap())).await;
    assert_eq!(by_id.expect(200)["id"], bare["id"]);
    admin.get("/ui/form/Part?view_id=nonsense").await.expect(404);

    let replaced = admin.put("/ui/form/Part", &layout("new")).await.expect(200);
    assert_eq!((&replaced["id"], &replaced["layout"]["name"]), (&bare["id"], &json!("new")));
    assert!(replaced["updated_at"].is_string());
    admin.delete("/ui/form/Part?identity_id=engineer").await.expect(200);
    assert_eq!(label(ada.get("/ui/form/Part").await.expect(200)), "new");
    for refused in [
        ada.put("/ui/form/Part", &layout("mine")).await,
        ada.put("/ui/grid/Part", &layout("mine")).await,
        ada.delete("/ui/form/Part").await,
        ada.delete("/ui/grid/Part").await,
        ada.delete("/ui/schema/cache").await,
    ] {
        refused.expect(403);
    }
    admin.put("/ui/grid/Part", &json!({"layout": {"columns": [{"property": "item_number"}]}})).await.expect(200);
    ada.get("/ui/grid/Part").await.expect(200);
    admin.delete("/ui/grid/Part").await.expect(200);
    admin.delete("/ui/grid/Part").await.expect(404);
}

async fn a_layout_is_bounded_and_names_what_there_is(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let closed = json!({"id": "Tool", "accepts_undeclared": false, "properties": [{"name": "size"}]});
    admin.post("/meta/item-types", &closed).await.expect(200);
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    for layout in [
        json!({"columns": [{"property": "colour"}]}),
        json!({"deep": deep}),
        json!({"large": "x".repeat(300_000)}),
        json!({"text": "a\u{0}b"}),
        json!({"a\u{0}b": 1}),
    ] {
        admin.put("/ui/grid/Tool", &json!({"layout": layout})).await.expect(422);
    }
    admin.put("/ui/grid/Tool", &json!({"layout": []})).await.expect(422);
    admin.put("/ui/grid/Tool?device_type=", &json!({"layout": {}})).await.expect(422);
    admin.put("/ui/grid/Nothing", &json!({"layout": {}})).await.expect(404);
    let fine = json!({"layout": {"columns": [{"property": "size"}, {"property": "state"}, {"property": 7}]}});
    admin.put("/ui/grid/Tool", &fine).await.expect(200);
    admin.delete("/meta/item-types/Tool").await.expect(200);
    admin.get("/ui/grid/Tool").await.expect(404);
}

async fn a_type_is_described_for_a_user_interface(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = admin.get("/ui/schema/Part").await.expect(200);
    assert_eq!(
        (&part["properties"][0]["name"], &part["properties"][0]["required"]),
        (&json!("item_number"), &json!(true))
    );
    let state = part["properties"].as_array().unwrap().iter().find(|property| property["name"] == "state").unwrap();
    assert_eq!(state["read_only"], true);
    let states = part["lifecycle"]["states"].as_array().unwrap();
    assert_eq!((states.len(), &states[0]["name"], &states[0]["is_start"]), (5, &json!("Draft"), &json!(true)));
    assert_eq!(states[0]["next"], json!(["Review"]));
    assert_eq!(part["schema"]["title"], "Part");
    assert_eq!(admin.get("/ui/schema/Part%20BOM").await.expect(200)["lifecycle"], json!(null));
    assert_eq!(admin.get("/ui/schema/Nothing").await.expect(404), json!({"detail": "ItemType not found"}));
    assert_eq!(admin.delete("/ui/schema/cache").await.expect(200), json!({"ok": true, "cleared": 8}));
    assert_eq!(admin.delete("/ui/schema/cache").await.expect(200), json!({"ok": true, "cleared": 0}));
}
