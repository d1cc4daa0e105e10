//! A running installation with one tenant, `acme`, its organisation `org-1` and its administrator.

use serde_json::{Value, json};

use super::Installation;
use super::client::Client;
use super::server::Server;

pub const PASSWORD: &str = "correct horse";

pub struct World {
    pub at: Installation,
    pub server: Server,
    /// acme's administrator, in org-1.
    pub admin: Client,
}

impl World {
    pub async fn start(at: Installation) -> Self {
        create_tenant(&at, "acme");
        let server = Server::start(&at).await;
        let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
        Self { at, server, admin }
    }

    /// A user of acme with these roles in org-1, logged in.
    pub async fn user(&self, name: &str, roles: &[&str]) -> Client {
        let user = json!({"username": name, "password": PASSWORD});
        let user = self.admin.post("/admin/users", &user).await.expect(200);
        let member = json!({"user_id": user["id"], "roles": roles});
        self.admin.post("/admin/orgs/org-1/members", &member).await.expect(200);
        self.server.client().login("acme", "org-1", name, PASSWORD).await
    }
}

/// Makes a tenant by the command line, with the administrator `admin`.
pub fn create_tenant(at: &Installation, tenant: &str) {
    let made = at.cli(&["tenant", "create", tenant, "--admin-password", PASSWORD]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Adds a part and answers with its id.
pub async fn add_part(client: &Client, number: &str) -> String {
    let part = json!({"type": "Part", "action": "add", "properties": {"item_number": number, "name": number}});
    id(&client.post("/aml/apply", &part).await.expect(200))
}

/// Adds a BOM line of one piece.
pub async fn add_line(client: &Client, parent: &str, child: &str) -> Value {
    client.post(&format!("/bom/{parent}/children"), &json!({"child_id": child})).await.expect(200)
}

pub fn id(answer: &Value) -> String {
    answer["id"].as_str().expect("an id").to_owned()
}
