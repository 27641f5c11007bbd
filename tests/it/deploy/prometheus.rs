//! A real Prometheus that scrapes a demo and others every second; it and the demo are stopped with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::commands::running::get;
use crate::commands::{lifetide, wait_for};

/// Two scrapes and a cart reminder take some ten seconds; builds beside it take the rest.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub struct Prometheus {
    address: String,
    processes: Vec<Child>,
    folder: PathBuf,
}

impl Prometheus {
    /// `others`: jobs, and where they answer.
    pub fn watching_a_demo(others: &[(&str, &str)]) -> Prometheus {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("prometheus-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut demo = lifetide(&["demo"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        let (sender, told) = channel();
        // read to the end, for the demo must not wait for a reader
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                line.strip_prefix("live page: http://").into_iter().for_each(|address| drop(sender.send(address.to_owned())));
            }
        });
        let target = told.recv_timeout(PATIENCE).expect("the demo says where it is").trim_end_matches('/').to_owned();
        let jobs = others.iter().copied().chain([("lifetide", target.as_str())]);
        let jobs = jobs.map(|(job, target)| format!("  - job_name: {job}\n    static_configs: [{{ targets: [\"{target}\"] }}]\n"));
        let settings = format!("global: {{ scrape_interval: 1s }}\nscrape_configs:\n{}", jobs.collect::<String>());
        fs::write(folder.join("prometheus.yml"), settings).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let prometheus = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("err")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs Prometheus (apt-get install prometheus): {error}"));
        let prometheus = Prometheus { address, processes: vec![demo, prometheus], folder };
        wait_for("Prometheus", PATIENCE, || TcpStream::connect(&prometheus.address).ok());
        prometheus
    }

    /// Each expression must come to be answered by a number; those that never are, are named with their panels.
    pub fn wait_until_all_are_answered(&self, mut asked: Vec<(String, String)>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            asked.retain(|(_, expression)| !self.answers(expression));
            if asked.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "nothing is shown by\n{asked:#?}\n{}", fs::read_to_string(self.folder.join("err")).unwrap());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The values of a label among series, in order.
    pub fn values(&self, series: &str, label: &str) -> Vec<String> {
        let (_, body) = get(&self.address, &format!("/api/v1/label/{label}/values?match[]={}", encoded(&filled(series))));
        let answer: Value = serde_json::from_str(&body).unwrap();
        let values = answer["data"].as_array().unwrap_or_else(|| panic!("{series}: {body}"));
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    }

    /// By a number.
    pub fn answers(&self, expression: &str) -> bool {
        let filled = filled(expression);
        let (_, body) = get(&self.address, &format!("/api/v1/query?query={}", encoded(&filled)));
        let Ok(answer) = serde_json::from_str::<Value>(&body) else { return false };
        assert_ne!(answer["errorType"], "bad_data", "{filled}: {}", answer["error"]);
        let rows = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        rows.iter().any(|row| row["value"][1].as_str().and_then(|value| value.parse::<f64>().ok()).is_some_and(f64::is_finite))
    }
}

/// With all there is for the board's variables.
fn filled(expression: &str) -> String {
    expression.replace("$__rate_interval", "30s").replace("$__range", "60s").replace("$job", ".+").replace("$instance", ".+")
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
