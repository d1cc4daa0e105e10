//! Bringing and fetching files.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::client::{Client, Reply, reply};

const BOUNDARY: &str = "----yuantus-boundary";

/// A form of one file and some texts, as browsers send it.
pub fn form(name: &str, content: &[u8], texts: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, text) in texts {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n").bytes(),
        );
    }
    body.extend(
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: text/html\r\n\r\n"
        )
        .bytes(),
    );
    body.extend(content);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

pub async fn send_form(client: &Client, body: Vec<u8>) -> Reply {
    let request = client.request(Method::POST, "/file/upload");
    reply(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)).await
}

/// Uploads by a form, and answers with what the server says of the file.
pub async fn upload(client: &Client, name: &str, content: &[u8]) -> Value {
    send_form(client, form(name, content, &[])).await.expect(200)
}

/// Uploads as the body itself, without a wish for a preview.
pub async fn put(client: &Client, name: &str, content: &[u8]) -> Reply {
    let request = client.request(Method::PUT, "/file/upload");
    reply(request.query(&[("filename", name), ("generate_preview", "false")]).body(content.to_vec())).await
}

/// The same, with the id of the file.
pub async fn bring(client: &Client, name: &str, content: &[u8]) -> String {
    put(client, name, content).await.expect(200)["id"].as_str().unwrap().to_owned()
}

/// A download with the bytes as they are; redirects into the storage are followed, without the token.
pub async fn download(client: &Client, file: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = client.request(Method::GET, &format!("/file/{file}/download"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}
