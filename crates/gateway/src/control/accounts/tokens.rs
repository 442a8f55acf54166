//! API tokens: a user's own, and those of programs.

use homing_proto::access::{Grant, Operator, Role, Token, TokenId, UserName};
use homing_proto::api::{self, Timestamp};

use super::super::ControlError;
use super::{Accounts, administer, check_expiry, shown, user_of};
use crate::random;
use crate::store::{AccountChange, AccountError, TokenRecord};

/// The longest name of a token.
const MAX_NAME: usize = 64;

impl Accounts {
    /// The operator's own tokens; all of them for an admin of everything.
    pub async fn tokens(&self, operator: &Operator) -> Result<Vec<api::Token>, ControlError> {
        let own = user_of(operator);
        let is_admin = administer(operator).is_ok();
        let is_seen = |record: &TokenRecord| is_admin || (own.is_some() && record.user == own);
        let tokens = self.store.tokens();
        Ok(tokens.iter().filter(|one| is_seen(one)).map(|one| shown::token(one)).collect())
    }

    /// Makes a token. A user may make its own, but not with a token; an admin anybody's.
    ///
    /// # Errors
    /// The operator may not, or something in the request does not fit.
    pub async fn create_token(
        &self,
        request: api::CreateToken,
        operator: &Operator,
    ) -> Result<api::IssuedToken, ControlError> {
        let user = self.owner(request.user, operator)?;
        check_expiry(request.expires_at)?;
        check_name(&request.name)?;
        let of_all = if user.is_some() { Role::Admin } else { Role::Viewer };
        let role = request.role.unwrap_or(of_all);
        let scope = Grant { role, selector: request.selector, expires_at: request.expires_at };
        let token = Token::compose(&*random::bytes()?);
        let whose = match &user {
            Some(user) => format!("for user {user}: at most"),
            None => "for a program:".to_owned(),
        };
        let record = TokenRecord {
            id: token.id(),
            user,
            label: request.name,
            digest: token.digest(),
            created_by: operator.name().to_owned(),
            created_at: Timestamp::now(),
            last_used: None,
            scope,
        };
        let (id, details) = (token.id(), shown::token(&record));
        let done = format!("made token {id} {whose} {}", shown::grant(&record.scope));
        let changes = [AccountChange::AddToken(Box::new(record))];
        self.write(changes, "token-created", &done, operator).await?;
        let token = api::Password::new(token.expose().to_owned());
        Ok(api::IssuedToken { token, details })
    }

    /// Revokes a token: an own one, or, for an admin of everything, any.
    pub async fn revoke_token(&self, id: &str, operator: &Operator) -> Result<(), ControlError> {
        let id = TokenId::parse(id).map_err(|error| ControlError::Invalid {
            message: error.to_string(),
            hint: Some("homing token ls".to_owned()),
        })?;
        let record = self.store.token(&id);
        let own = user_of(operator);
        let is_own = record.as_ref().is_some_and(|record| own.is_some() && record.user == own);
        if !is_own {
            self.administers(operator)?;
        }
        let record = record.ok_or(AccountError::UnknownToken(id))?;
        let done = format!("revoked token {}", record.id);
        let changes = [AccountChange::RemoveToken(record.id.clone())];
        self.write(changes, "token-revoked", &done, operator).await
    }

    /// Whose a new token is to be.
    fn owner(
        &self,
        wanted: Option<UserName>,
        operator: &Operator,
    ) -> Result<Option<UserName>, ControlError> {
        let own = user_of(operator);
        // With a token that leaked, nobody makes one that lasts longer.
        let is_free = own.is_some() && operator.scope().is_none();
        if !is_free || wanted.as_ref().is_some_and(|wanted| Some(wanted) != own.as_ref()) {
            self.administers(operator)?;
        }
        match wanted.or(own) {
            Some(user) => Ok(Some(self.known(user.as_str())?.name.clone())),
            None => Ok(None),
        }
    }
}

fn check_name(name: &str) -> Result<(), ControlError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    if name.len() <= MAX_NAME && name.bytes().all(fits) {
        return Ok(());
    }
    Err(ControlError::Invalid {
        message: format!(
            "the name of a token has at most {MAX_NAME} letters, digits, `.`, `_`, `-` and `@`"
        ),
        hint: None,
    })
}
