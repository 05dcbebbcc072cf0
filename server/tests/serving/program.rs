//! The server as a program: started, asked over a real socket, ended by its own process id.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::certificates::{Pair, Trust};
use crate::folder::{Folder, is_root, until};

/// Length in bytes of a piece in these tests: the shortest that the program takes.
pub(crate) const PIECE: usize = 65_536;

pub(crate) struct Program {
    child: Child,
    address: String,
    /// Where TLS is spoken: whom to trust.
    trust: Option<Trust>,
    log: Arc<Mutex<String>>,
}

/// What came back, however much of it.
pub(crate) struct Reply {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The first line of a field; empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }

    /// All lines of a field as one.
    pub(crate) fn all(&self, name: &str) -> String {
        let lines = self.fields.iter().filter(|(n, _)| n == name);
        lines.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modelferry"));
    clean(&mut command);
    command
}

/// Takes settings of the user running the tests out of the environment.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("MODELFERRY_") || text.starts_with("LEPTOS_") {
            command.env_remove(name);
        }
    }
}

/// A program of the test's own.
fn copied(folder: &Folder) -> Command {
    let copy = folder.beside("modelferry");
    // By another process: what this one has open for writing, a test beside this one may just be handing to its
    // child, and then it cannot be run ("text file busy").
    let mut copying = Command::new("cp");
    assert!(copying.arg(env!("CARGO_BIN_EXE_modelferry")).arg(&copy).status().unwrap().success());
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(copy);
    clean(&mut command);
    command
}

impl Program {
    pub(crate) fn start(folder: &Folder, flags: &[&str]) -> Self {
        Self::run(command(), folder, flags)
    }

    /// With TLS, and a certificate of the test's own.
    pub(crate) fn start_secure(folder: &Folder, flags: &[&str]) -> Self {
        let pair = Pair::new(folder);
        let flags: Vec<&str> = pair.flags().into_iter().chain(flags.iter().copied()).collect();
        let mut program = Self::run(command(), folder, &flags);
        program.trust = Some(pair.trust());
        program
    }

    /// As somebody to whom permissions mean something.
    pub(crate) fn start_unprivileged(folder: &Folder, flags: &[&str]) -> Self {
        if !is_root(&folder.models()) {
            return Self::start(folder, flags);
        }
        // The build folder may be out of reach for anybody else.
        let mut command = copied(folder);
        command.uid(65_534).gid(65_534);
        Self::run(command, folder, flags)
    }

    /// With so many file descriptors, and with as many as it may raise that to.
    pub(crate) fn start_with_descriptors(folder: &Folder, soft: u32, hard: u32, flags: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"")]);
        command.arg(env!("CARGO_BIN_EXE_modelferry"));
        clean(&mut command);
        Self::run(command, folder, flags)
    }

    /// The soft limit of its file descriptors, as the system has it.
    pub(crate) fn descriptors(&self) -> u32 {
        let limits = fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        line.split_whitespace().nth(3).unwrap().parse().unwrap()
    }

    fn run(mut command: Command, folder: &Folder, flags: &[&str]) -> Self {
        let mut child = command
            .arg("--models")
            .arg(folder.models())
            .args(["--listen", "127.0.0.1:0", "--piece-size", "65536", "--rescan-seconds", "0.05"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some((_, address)) = line.trim_end().split_once("://") else {
            panic!("it said {line:?} and {:?}", log.lock().unwrap());
        };
        Self { child, address: address.to_owned(), trust: None, log }
    }

    /// What it said on standard error up to now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a request for which the connection is closed after the answer.
    pub(crate) fn request(&self, head: &str, fields: &[(&str, &str)]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(self.text(head, fields).as_bytes()).unwrap();
        stream
    }

    fn text(&self, head: &str, fields: &[(&str, &str)]) -> String {
        let mut text = format!("{head} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in fields {
            text += &format!("{name}: {value}\r\n");
        }
        text + "\r\n"
    }

    /// Whom a client of this program trusts, where it speaks TLS.
    pub(crate) fn trust(&self) -> &Trust {
        self.trust.as_ref().unwrap()
    }

    /// Where metrics are, as it logged.
    pub(crate) fn metrics_address(&self) -> String {
        until("the address of the metrics", || {
            let log = self.log();
            let (_, rest) = log.split_once("metrics on http://")?;
            Some(rest.split('/').next()?.to_owned())
        })
    }

    pub(crate) fn ask(&self, head: &str, fields: &[(&str, &str)]) -> Reply {
        match &self.trust {
            Some(trust) => {
                let mut stream = trust.over(self.connect(), b"http/1.1");
                stream.write_all(self.text(head, fields).as_bytes()).unwrap();
                read(stream)
            }
            None => read(self.request(head, fields)),
        }
    }

    pub(crate) fn get(&self, url: &str) -> Reply {
        self.ask(&format!("GET {url}"), &[])
    }

    pub(crate) fn health(&self) -> Value {
        self.get("/healthz").json()
    }

    /// Waits until all files are hashed, and what was learned is saved.
    pub(crate) fn settle(&self, folder: &Folder) {
        until("all files hashed", || (self.health()["pending"] == 0).then_some(()));
        let place = folder.models().join(".modelferry/index.json");
        until("the index saved", || place.exists().then_some(()));
    }

    /// Asks it to end, and waits for it.
    pub(crate) fn end(self) -> ExitStatus {
        self.ask_to_end().ended()
    }

    pub(crate) fn ask_to_end(self) -> Self {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads an answer until the connection is closed, one way or the other.
pub(crate) fn read(mut stream: impl Read) -> Reply {
    let mut bytes = Vec::new();
    let mut buffer = [0; 65_536];
    let last = loop {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            // signal(7): where there is a timeout, stopping and continuing this process is enough for that.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            last => break last,
        }
    };
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        panic!("no answer, but {last:?} after {:?}", String::from_utf8_lossy(&bytes));
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_lowercase(), value.trim().to_owned())
    };
    Reply { status, fields: lines.map(field).collect(), body: bytes[end + 4..].to_vec() }
}
