//! `/access`: users with their keys and grants, roles, tokens, browsers that are logged in. What is secret is shown once.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use homing_proto::access::{Grant, Right, Role, Selector, UserName};
use homing_proto::api::{
    AddKey, AddUser, CreateToken, RoleDescription, Timestamp, Token, User, WebSession,
};
use serde::Deserialize;

use super::login::to;
use crate::control::ControlError;
use crate::web::shell::{Place, Shell, may, render};
use crate::web::visitor::Posted;
use crate::web::when::When;
use crate::web::{Console, Page, Trouble, Visitor};

/// A user.
struct UserRow {
    user: User,
    since: When,
}

/// A token.
struct TokenRow {
    token: Token,
    created: When,
    used: Option<When>,
}

/// A browser.
struct SessionRow {
    session: WebSession,
    is_this: bool,
    since: When,
    used: When,
}

/// What is shown once.
struct Secret {
    says: String,
    text: String,
    hint: String,
}

#[derive(Template)]
#[template(path = "access.html")]
struct Shown {
    shell: Shell,
    is_admin: bool,
    users: Vec<UserRow>,
    roles: Vec<RoleDescription>,
    tokens: Vec<TokenRow>,
    sessions: Vec<SessionRow>,
    secret: Option<Secret>,
}

impl Shown {
    /// Whose a token is if nobody else is named.
    fn own(&self) -> &str {
        let name = self.shell.operator.as_str();
        match self.users.iter().any(|row| row.user.name.as_str() == name) {
            true => name,
            false => "a program",
        }
    }
}

async fn page(console: &Console, visitor: &Visitor, secret: Option<Secret>) -> Page {
    let now = Timestamp::now();
    let operator = &visitor.operator;
    let accounts = console.control.accounts();
    let is_admin = may(operator, Right::Administer);
    let users = match is_admin {
        true => accounts.users(operator).await?,
        false => accounts.user(operator.name(), operator).await.into_iter().collect(),
    };
    let users =
        users.into_iter().map(|user| UserRow { since: When::new(user.created_at, now), user });
    let tokens = accounts.tokens(operator).await?.into_iter().map(|token| TokenRow {
        created: When::new(token.created_at, now),
        used: token.last_used.map(|at| When::new(at, now)),
        token,
    });
    let sessions = console.control.web_sessions(operator).into_iter().map(|session| SessionRow {
        is_this: session.id == visitor.session,
        since: When::new(session.created_at, now),
        used: When::new(session.last_used, now),
        session,
    });
    render(&Shown {
        shell: Shell::new(visitor, Place::Access, "Access"),
        is_admin,
        users: users.collect(),
        roles: accounts.roles(),
        tokens: tokens.collect(),
        sessions: sessions.collect(),
        secret,
    })
}

/// The page.
pub(in crate::web) async fn show(State(console): State<Console>, visitor: Visitor) -> Page {
    page(&console, &visitor, None).await
}

/// The form of each button: what it does not need is left out.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    act: Act,
    #[serde(default)]
    user: String,
    /// Of a token; empty: of whoever asks.
    #[serde(default)]
    owner: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    selector: String,
    /// Days; empty: for good.
    #[serde(default)]
    days: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    grant: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    AddUser,
    RemoveUser,
    AddKey,
    RemoveKey,
    Grant,
    Revoke,
    Password,
    CreateToken,
    RevokeToken,
    EndSession,
}

impl Asked {
    fn user(&self) -> Result<UserName, ControlError> {
        UserName::new(self.user.trim()).map_err(|error| invalid(error.to_string()))
    }

    fn role(&self) -> Result<Option<Role>, ControlError> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == self.role);
        match (self.role.as_str(), found) {
            ("", _) => Ok(None),
            (_, Some(role)) => Ok(Some(role)),
            (other, None) => Err(invalid(format!("{other:?} is no role"))),
        }
    }

    fn selector(&self) -> Result<Selector, ControlError> {
        match self.selector.trim() {
            "" => Ok(Selector::every()),
            text => Selector::parse(text).map_err(|error| invalid(error.to_string())),
        }
    }

    fn expires_at(&self) -> Result<Option<Timestamp>, ControlError> {
        match self.days.trim() {
            "" => Ok(None),
            days => {
                let days: u32 =
                    days.parse().map_err(|_| invalid("days: expected a number".into()))?;
                let length = std::time::Duration::from_secs(u64::from(days) * 86_400);
                Timestamp::now()
                    .checked_add(length)
                    .map(Some)
                    .map_err(|error| invalid(error.to_string()))
            }
        }
    }
}

fn invalid(message: String) -> ControlError {
    ControlError::Invalid { message, hint: None }
}

/// Does it.
pub(in crate::web) async fn act(
    State(console): State<Console>,
    posted: Posted<Asked>,
) -> Result<Response, Trouble> {
    let visitor = &posted.visitor;
    match done(&console, visitor, &posted.form).await {
        Ok(None) => Ok(to("/access")),
        Ok(Some(secret)) => Ok(page(&console, visitor, Some(secret)).await?.into_response()),
        Err(error) => Err(error.into()),
    }
}

async fn done(
    console: &Console,
    visitor: &Visitor,
    asked: &Asked,
) -> Result<Option<Secret>, ControlError> {
    let (accounts, operator) = (console.control.accounts(), &visitor.operator);
    match asked.act {
        Act::AddUser => {
            let (name, role) = (asked.user()?, asked.role()?);
            let (selector, expires_at) = (asked.selector()?, asked.expires_at()?);
            accounts.add_user(AddUser { name, role, selector, expires_at }, operator).await?;
            if !asked.key.trim().is_empty() {
                let key = AddKey { key: asked.key.trim().to_owned() };
                let added = accounts.add_key(asked.user.trim(), key, operator).await;
                if let Err(error) = added {
                    // Half a user is none: the form is sent again as a whole.
                    accounts.remove_user(asked.user.trim(), operator).await?;
                    return Err(error);
                }
            }
        }
        Act::RemoveUser => accounts.remove_user(&asked.user, operator).await?,
        Act::AddKey => {
            let key = AddKey { key: asked.key.trim().to_owned() };
            drop(accounts.add_key(&asked.user, key, operator).await?);
        }
        Act::RemoveKey => drop(accounts.remove_key(&asked.user, &asked.key, operator).await?),
        Act::Grant => {
            let role = asked.role()?.ok_or_else(|| invalid("which role?".to_owned()))?;
            let (selector, expires_at) = (asked.selector()?, asked.expires_at()?);
            let grant = Grant { role, selector, expires_at };
            drop(accounts.grant(&asked.user, grant, operator).await?);
        }
        Act::Revoke => {
            let number = asked.grant.parse().map_err(|_| invalid("which grant?".to_owned()))?;
            accounts.revoke(&asked.user, number, operator).await?;
        }
        Act::Password => {
            let issued = accounts.one_time_password(&asked.user, operator).await?;
            return Ok(Some(Secret {
                says: format!("A one-time password for {}", issued.user),
                text: issued.password.expose().to_owned(),
                hint: "good once, for 15 minutes: here, or at the front door".to_owned(),
            }));
        }
        Act::CreateToken => return Ok(Some(token(console, visitor, asked).await?)),
        Act::RevokeToken => accounts.revoke_token(&asked.id, operator).await?,
        Act::EndSession => console.control.end_web_session(&asked.id, operator).await?,
    }
    Ok(None)
}

async fn token(
    console: &Console,
    visitor: &Visitor,
    asked: &Asked,
) -> Result<Secret, ControlError> {
    let request = CreateToken {
        name: asked.name.trim().to_owned(),
        role: asked.role()?,
        selector: asked.selector()?,
        expires_at: asked.expires_at()?,
        user: match asked.owner.trim() {
            "" => None,
            owner => Some(UserName::new(owner).map_err(|error| invalid(error.to_string()))?),
        },
    };
    let issued = console.control.accounts().create_token(request, &visitor.operator).await?;
    Ok(Secret {
        says: format!("Token {}", issued.details.id),
        text: issued.token.expose().to_owned(),
        hint: "Authorization: Bearer hmt_…, or homing login".to_owned(),
    })
}
