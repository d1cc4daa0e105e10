//! Files up and down, beside a bare copy of the same file by opendal, from a local file into the storage, in the same run.

use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use opendal::{Operator, services};
use tokio_util::io::ReaderStream;

use super::site::{Running, Site};

const LARGE: usize = 256 * 1024 * 1024;
const SMALL: usize = 10 * 1024;
const MANY: usize = 5000;
const ROUNDS: usize = 3;
const BLOCK: usize = 8 * 1024 * 1024;

/// A storage to measure: its name, the settings of the server, and the bare operator.
struct Place {
    name: &'static str,
    settings: Vec<(&'static str, String)>,
    bare: Operator,
    _folder: tempfile::TempDir,
}

pub async fn files() {
    for place in places() {
        let running = Site::sqlite().with_settings(&place.settings).start(0).await;
        large(&place, &running).await;
        small(&place, &running).await;
    }
}

/// The local disk, and the S3 server that `scripts/test-servers.sh start` prints the variables of.
fn places() -> Vec<Place> {
    let folder = tempfile::tempdir().unwrap();
    let bare = Operator::new(services::Fs::default().root(folder.path().to_str().unwrap())).unwrap();
    let mut places = vec![Place { name: "local", settings: Vec::new(), bare, _folder: folder }];
    let variable = |name: &str| std::env::var(format!("YUANTUS_TEST_S3_{name}"));
    let (Ok(url), Ok(root)) = (variable("ENDPOINT"), variable("ROOT")) else {
        println!("files S3: skipped, YUANTUS_TEST_S3_ENDPOINT is not set");
        return places;
    };
    let (id, secret) = (variable("ACCESS_KEY_ID").unwrap(), variable("SECRET_ACCESS_KEY").unwrap());
    let bucket = format!("bench-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    std::fs::create_dir_all(format!("{root}/{bucket}")).unwrap();
    let s3 = services::S3::default().bucket(&bucket).endpoint(&url).region("us-east-1");
    let bare = Operator::new(s3.access_key_id(&id).secret_access_key(&secret)).unwrap();
    let settings = vec![
        ("YUANTUS_STORAGE_TYPE", "s3".to_owned()),
        ("YUANTUS_S3_ENDPOINT_URL", url),
        ("YUANTUS_S3_BUCKET_NAME", bucket),
        ("YUANTUS_S3_ACCESS_KEY_ID", id),
        ("YUANTUS_S3_SECRET_ACCESS_KEY", secret),
    ];
    places.push(Place { name: "S3", settings, bare, _folder: tempfile::tempdir().unwrap() });
    places
}

async fn large(place: &Place, at: &Running) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bin");
    let (mut up, mut down, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let before = at.resident_mib();
    for round in 0..ROUNDS {
        // Another content each time: what is there already is not stored again.
        let content: Vec<u8> = (0..LARGE).map(|index| ((index * 31 + round * 7) % 251) as u8).collect();
        tokio::fs::write(&path, content).await.unwrap();
        let began = Instant::now();
        copy_up(&place.bare, &path).await;
        bare.push(began.elapsed());
        let began = Instant::now();
        let id = at
            .put(
                "large.bin",
                reqwest::Body::wrap_stream(ReaderStream::with_capacity(
                    tokio::fs::File::open(&path).await.unwrap(),
                    BLOCK,
                )),
            )
            .await;
        up.push(began.elapsed());
        let began = Instant::now();
        let mut blocks = at.get(&format!("/file/{id}/download")).await.bytes_stream();
        while blocks.try_next().await.unwrap().is_some() {}
        down.push(began.elapsed());
    }
    let bare = median(&mut bare);
    for (what, ours) in [("up", &mut up), ("down", &mut down)] {
        let ours = median(ours);
        println!(
            "files {}: 256 MiB {what} in {ours:.2?}, {:.0} MiB/s; a bare copy {bare:.2?}; ratio {:.2}",
            place.name,
            256.0 / ours.as_secs_f64(),
            bare.as_secs_f64() / ours.as_secs_f64()
        );
    }
    println!(
        "files {}: resident memory of the server {before} MiB before, {} MiB after",
        place.name,
        at.resident_mib()
    );
}

async fn copy_up(bare: &Operator, path: &std::path::Path) {
    let mut source = ReaderStream::with_capacity(tokio::fs::File::open(path).await.unwrap(), BLOCK);
    let mut writer = bare.writer_with("large").chunk(BLOCK).await.unwrap();
    while let Some(block) = source.try_next().await.unwrap() {
        writer.write(block).await.unwrap();
    }
    writer.close().await.unwrap();
}

async fn small(place: &Place, at: &Running) {
    let began = Instant::now();
    let uploads = stream::iter(0..MANY).map(|number| async move {
        let mut content = vec![7; SMALL];
        content[..8].copy_from_slice(&(number as u64).to_le_bytes());
        at.put("small.bin", content.into()).await
    });
    assert_eq!(uploads.buffer_unordered(16).count().await, MANY);
    let took = began.elapsed();
    let began = Instant::now();
    let bare = stream::iter(0..MANY).map(|number| async move {
        place.bare.write(&format!("small-{number}"), vec![7; SMALL]).await.unwrap();
    });
    assert_eq!(bare.buffer_unordered(16).count().await, MANY);
    let raw = began.elapsed();
    let rate = |took: Duration| MANY as f64 / took.as_secs_f64();
    println!(
        "files {}: 10 KiB files {:.0}/s up by 16 clients; bare writes without sync {:.0}/s",
        place.name,
        rate(took),
        rate(raw)
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
