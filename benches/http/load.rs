//! The client: `wrk`, with a script for each kind of request, and what it reports.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::site::Running;

/// What one run of the client saw.
pub struct Wrk {
    /// Answers per second.
    pub rate: f64,
    p50: String,
    p99: String,
    /// Answers other than 2xx and 3xx, and broken connections.
    failed: u64,
}

impl Wrk {
    /// Runs in a thread of its own: the client is a process that is waited for.
    pub async fn run(at: &Running, script: &PathBuf, connections: usize, time: Duration) -> Self {
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--latency", "--connections", &connections.to_string()]);
        command.args(["--duration", &format!("{}s", time.as_secs())]).arg("--script").arg(script).arg(&at.base);
        let output =
            tokio::task::spawn_blocking(move || command.output().expect("wrk is missing: apt-get install wrk"));
        let text = String::from_utf8(output.await.unwrap().stdout).unwrap();
        let after = |label: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(label));
            line.map(|line| line.trim_start()[label.len()..].trim().to_owned())
        };
        let refused = after("Non-2xx or 3xx responses:").map_or(0, |count| count.parse().unwrap());
        let broken = after("Socket errors:").map_or(0, |line| {
            line.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse::<u64>().ok()).sum()
        });
        Self {
            rate: after("Requests/sec:").unwrap_or_else(|| panic!("{text}")).parse().unwrap(),
            p50: after("50%").unwrap_or_default(),
            p99: after("99%").unwrap_or_default(),
            failed: refused + broken,
        }
    }
}

impl fmt::Display for Wrk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.0}/s, p50 {}, p99 {}, {} failed", self.rate, self.p50, self.p99, self.failed)
    }
}

/// Scripts of wrk, one per kind of request.
pub mod script {
    use std::path::PathBuf;

    use crate::site::Running;

    pub fn path(at: &Running, path: &str) -> PathBuf {
        written(at, &format!("request = function() return wrk.format('GET', base .. '{path}') end"))
    }

    pub fn items(at: &Running) -> PathBuf {
        written(at, "request = function() return by_id() end")
    }

    pub fn numbers(at: &Running) -> PathBuf {
        written(at, "request = function() return by_number() end")
    }

    pub fn adds(at: &Running) -> PathBuf {
        written(at, "request = function() return add() end")
    }

    pub fn search(at: &Running, words: &str) -> PathBuf {
        let words: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
        path(at, &format!("/search/?q={words}"))
    }

    /// Mostly reads, as people work: 70 % items, 20 % searches, 10 % new items.
    pub fn mixed(at: &Running) -> PathBuf {
        let text = "request = function()\n\
            local dice = math.random(100)\n\
            if dice <= 40 then return by_id() elseif dice <= 70 then return by_number()\n\
            elseif dice <= 90 then return wrk.format('GET', base .. '/search/?q=' .. string.format('%03d', math.random(999)))\n\
            else return add() end end";
        written(at, text)
    }

    fn written(at: &Running, request: &str) -> PathBuf {
        let ids: Vec<String> = at.ids.iter().map(|id| format!("'{id}'")).collect();
        let text = format!(
            "wrk.headers['Authorization'] = 'Bearer {token}'\n\
             wrk.headers['Content-Type'] = 'application/json'\n\
             local ids = {{ {ids} }}\n\
             local base = '/api/v1'\n\
             init = function() math.randomseed(os.time()) end\n\
             local function pick() return math.random(#ids) end\n\
             local function by_id() return wrk.format('GET', base .. '/aml/Part/' .. ids[pick()]) end\n\
             local function post(body) return wrk.format('POST', base .. '/aml/apply', nil, body) end\n\
             local function by_number()\n\
               return post(string.format('{{\"type\": \"Part\", \"properties\": {{\"item_number\": \"N-%06d\"}}}}', pick() - 1))\n\
             end\n\
             local function add()\n\
               return post('{{\"type\": \"Part\", \"action\": \"add\", \"properties\": {{\"name\": \"Added bracket\", \"weight\": 2.5}}}}')\n\
             end\n\
             {request}\n",
            token = at.token,
            ids = ids.join(","),
        );
        let path = at.folder().join(format!("load-{}.lua", uuid::Uuid::new_v4().simple()));
        std::fs::write(&path, text).unwrap();
        path
    }
}
