//! A second real broker, with TLS, passwords (SCRAM-SHA-512) and rights: `secured()` starts it at first use.
//!
//! Its certificate and everybody's password are made when it starts and go with it; no key lies in the repository. At its plain port
//! everybody may do everything, which is how tests make topics and grant rights (`acls`); at its others rights are asked for. It knows
//! nothing of lifetide. Called by the tests of security.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Broker, Difference, jars, start};

/// The one user with a password; what it may do, each test grants.
pub const USER: &str = "shop-worker";

/// Only for the file in which the broker's throw-away key lies.
const STORE_PASSWORD: &str = "throw-away";

const DIFFERENCE: Difference<'static> = Difference {
    listeners: &["SSL", "SASL_SSL"],
    settings: &settings,
    format: || vec!["--add-scram".to_owned(), format!("SCRAM-SHA-512=[name={USER},password={}]", password())],
};

pub struct Secured(Broker);

pub fn secured() -> &'static Secured {
    static SECURED: OnceLock<Result<Secured, String>> = OnceLock::new();
    match SECURED.get_or_init(|| start(&DIFFERENCE).map(Secured)) {
        Ok(secured) => secured,
        Err(why) => panic!("{why}"),
    }
}

impl Secured {
    /// Where everybody may do everything.
    pub fn plain(&self) -> &str {
        &self.0.bootstrap
    }

    /// TLS, without a password: everybody may do everything.
    pub fn tls(&self) -> String {
        format!("127.0.0.1:{}", self.0.ports[0])
    }

    /// TLS with a password and rights.
    pub fn sasl(&self) -> String {
        format!("127.0.0.1:{}", self.0.ports[1])
    }

    /// The certificate to trust, as PEM.
    pub fn ca(&self) -> PathBuf {
        self.0.run_dir.join("broker.pem")
    }

    /// A certificate of somebody else.
    pub fn other_ca(&self) -> PathBuf {
        static MADE: OnceLock<()> = OnceLock::new();
        MADE.get_or_init(|| make_certificate(&self.0.run_dir, "other").unwrap());
        self.0.run_dir.join("other.pem")
    }
}

/// The user's password: another one in every test process, and easily found wherever it should not be.
pub fn password() -> &'static str {
    static PASSWORD: OnceLock<String> = OnceLock::new();
    PASSWORD.get_or_init(|| {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        format!("hush{:x}{nanos:x}", std::process::id())
    })
}

fn settings(run_dir: &Path, _ports: &[u16]) -> Result<String, String> {
    make_certificate(run_dir, "broker")?;
    let store = run_dir.join("broker.p12");
    let lines = [
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL".to_owned(),
        format!("ssl.keystore.location={}", store.display()),
        "ssl.keystore.type=PKCS12".to_owned(),
        format!("ssl.keystore.password={STORE_PASSWORD}"),
        "sasl.enabled.mechanisms=SCRAM-SHA-512".to_owned(),
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
            .to_owned(),
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        "super.users=User:ANONYMOUS".to_owned(),
    ];
    Ok(lines.join("\n"))
}

/// A key and a certificate signed by itself, for 127.0.0.1: `<name>.p12` holds both, `<name>.pem` the certificate. With keytool, which
/// every Java that can run the broker has.
fn make_certificate(folder: &Path, name: &str) -> Result<(), String> {
    let (store, certificate) = (folder.join(format!("{name}.p12")), folder.join(format!("{name}.pem")));
    let keytool = |action: &str| {
        let mut command = Command::new("keytool");
        command.args([action, "-alias", name, "-storepass", STORE_PASSWORD, "-keystore"]).arg(&store);
        command
    };
    let mut make = keytool("-genkeypair");
    make.args(["-storetype", "PKCS12", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2"]);
    make.args(["-dname", &format!("CN={name}"), "-ext", "SAN=IP:127.0.0.1"]);
    let mut export = keytool("-exportcert");
    export.arg("-rfc").arg("-file").arg(certificate);
    jars::run(make).and_then(|()| jars::run(export)).map_err(|why| format!("keytool could not make a certificate: {why}"))
}
