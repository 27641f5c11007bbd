//! Mails to a mail server, over one connection that is kept.
//!
//! The connection is made, and asked whether it still lives, before a mail is marked as being sent; so a server that is away costs no
//! attempt. What breaks while a mail is handed over leaves it in doubt. The server's words may quote addresses: only codes are passed on.
//! Called by `office`.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::carrier::Carrier;
use crate::config::{self, SmtpTls};
use crate::deliver::{Outcome, Parcel};

/// For each answer; well below what a member of the group may stay silent.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

pub struct Smtp {
    host: String,
    port: u16,
    tls: Option<(SmtpTls, TlsParameters)>,
    credentials: Option<Credentials>,
    connection: Option<SmtpConnection>,
}

impl Smtp {
    pub fn new(settings: &config::Smtp) -> Result<Smtp, String> {
        let default_port = match settings.tls {
            SmtpTls::StartTls => 587,
            SmtpTls::Tls => 465,
            SmtpTls::None => 25,
        };
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(|_| "TLS cannot be set up".to_owned());
        let credentials = match (&settings.user, &settings.password) {
            (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.0.clone())),
            (None, None) => None,
            _ => return Err("deliver.smtp.user and deliver.smtp.password go together".to_owned()),
        };
        Ok(Smtp {
            host: settings.host.clone(),
            port: settings.port.unwrap_or(default_port),
            tls: if settings.tls == SmtpTls::None { None } else { Some((settings.tls, parameters()?)) },
            credentials,
            connection: None,
        })
    }

    /// A connection over which mails may be handed over, or why there is none.
    fn connect(&self) -> Result<SmtpConnection, String> {
        let away = |error: &Error| format!("cannot be reached: {}", code(error));
        let mut connection = self.reach().map_err(|error| away(&error))?;
        if let Some(credentials) = &self.credentials {
            // one that is busy, or goes away meanwhile, has not judged the password
            let refused = |error: Error| match error.is_permanent() {
                true => format!("the mail server refuses deliver.smtp.user with deliver.smtp.password: {}", code(&error)),
                false => away(&error),
            };
            connection.auth(DEFAULT_MECHANISMS, credentials).map_err(refused)?;
        }
        Ok(connection)
    }

    fn reach(&self) -> Result<SmtpConnection, Error> {
        let hello = ClientId::default();
        let wrapped = self.tls.as_ref().filter(|(way, _)| *way == SmtpTls::Tls).map(|(_, parameters)| parameters);
        let mut connection = SmtpConnection::connect((self.host.as_str(), self.port), Some(ANSWER_WAIT), &hello, wrapped, None)?;
        if let Some((SmtpTls::StartTls, parameters)) = &self.tls {
            connection.starttls(parameters, &hello)?;
        }
        Ok(connection)
    }
}

impl Carrier for Smtp {
    fn prepare(&mut self) -> Result<(), String> {
        if self.connection.as_mut().is_some_and(|connection| !connection.has_broken() && connection.test_connected()) {
            return Ok(());
        }
        self.connection = Some(self.connect()?);
        Ok(())
    }

    fn hand_over(&mut self, parcel: &Parcel) -> Outcome {
        let (Parcel::Letter(letter), Some(mut connection)) = (parcel, self.connection.take()) else {
            return Outcome::Unreachable("smtp not connected".to_owned());
        };
        match connection.send(&letter.envelope, &letter.bytes) {
            Ok(_) => {
                self.connection = Some(connection);
                Outcome::Sent
            }
            Err(error) if error.is_transient() => Outcome::Later(code(&error)),
            // a server that lacks what the mail needs answers nothing
            Err(error) if error.is_permanent() || error.is_client() => Outcome::Rejected(code(&error)),
            Err(error) => Outcome::Unknown(code(&error)),
        }
    }
}

fn code(error: &Error) -> String {
    match error.status() {
        Some(status) => format!("smtp {status}"),
        None if error.is_timeout() => "smtp timeout".to_owned(),
        None if error.is_tls() => "smtp tls".to_owned(),
        None if error.is_client() => "smtp not supported by the server".to_owned(),
        None => "smtp connection".to_owned(),
    }
}
