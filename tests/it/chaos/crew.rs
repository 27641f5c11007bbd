//! The processes of a round: started, killed, thawed, stopped, by name. Called by `round` and, from its own threads, by `proxy`.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::trial::{Process, Trial};

/// A stop commits what is open and leaves.
const STOP_LONGEST: Duration = Duration::from_secs(30);

/// Process ids by instance, for whoever kills at a moment of its own choosing.
pub type Pids = Arc<Mutex<BTreeMap<String, u32>>>;

pub struct Crew<'a> {
    trial: &'a Trial,
    processes: BTreeMap<String, Process>,
    pids: Pids,
    lives: usize,
}

/// kill with a signal; whoever is gone already is no failure.
fn signal(pid: u32, name: &str) {
    Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(std::process::Stdio::null()).status().unwrap();
}

/// A signal to an instance, by its process id.
pub fn signal_instance(pids: &Pids, instance: &str, name: &str) {
    if let Some(pid) = pids.lock().unwrap().get(instance) {
        signal(*pid, name);
    }
}

impl<'a> Crew<'a> {
    pub fn new(trial: &'a Trial, pids: Pids) -> Crew<'a> {
        pids.lock().unwrap().clear();
        Crew { trial, processes: BTreeMap::new(), pids, lives: 0 }
    }

    pub fn start(&mut self, instance: &str) {
        let process = self.trial.start(instance, self.lives);
        self.lives += 1;
        self.pids.lock().unwrap().insert(instance.to_owned(), process.child.id());
        self.processes.insert(instance.to_owned(), process);
    }

    /// kill -9, and the next life at once.
    pub fn kill_and_restart(&mut self, instance: &str) {
        self.processes.get_mut(instance).unwrap().kill_9();
        self.start(instance);
    }

    /// The next life of an instance that somebody has killed.
    pub fn restart_killed(&mut self, instance: &str) {
        let process = self.processes.get_mut(instance).unwrap();
        process.child.wait().unwrap();
        self.start(instance);
    }

    pub fn thaw(&self, instance: &str) {
        signal(self.processes[instance].child.id(), "CONT");
    }

    /// SIGTERM: it must end in order.
    pub fn stop(&mut self, instance: &str) {
        let mut process = self.processes.remove(instance).unwrap();
        self.pids.lock().unwrap().remove(instance);
        assert_eq!(process.stop(STOP_LONGEST), Some(0), "{}", process.log_tail());
    }

    pub fn stop_all(&mut self) {
        let instances: Vec<String> = self.processes.keys().cloned().collect();
        instances.iter().for_each(|instance| self.stop(instance));
    }

    /// The ends of all logs, for a failure's message; whoever has given up is a failure of its own.
    pub fn logs(&self) -> String {
        let tails = self.processes.iter().map(|(instance, process)| format!("--- {instance}\n{}", process.log_tail()));
        tails.collect::<Vec<_>>().join("\n")
    }

    /// Nobody may end unasked.
    pub fn check_alive(&mut self) {
        for (instance, process) in &mut self.processes {
            if let Some(status) = process.child.try_wait().unwrap() {
                panic!("{instance} ended by itself, {status}:\n{}", process.log_tail());
            }
        }
    }
}
