//! Routes and their description, from one place: no route without its entry in the OpenAPI document, and none in it that is not there.
//!
//! ```text
//!   #[utoipa::path] on a handler ──▶ Routes::add ──┬──▶ axum's router
//!                                                  └──▶ paths, schemas ──finish──▶ /api/v1/openapi.json, /api/docs
//! ```
//!
//! Every operation gets the problems that any of its kind may be answered with. Source: OpenAPI Specification 3.1.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, on};
use bytes::Bytes;
use homing_proto::api::Problem;
use utoipa::PartialSchema as _;
use utoipa::ToSchema as _;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Paths,
    Ref, RefOr, Required, ResponseBuilder, Schema, Server, Type,
};
use utoipa_axum::PathItemExt as _;

use super::authenticate::OPEN;
use super::etag;
use super::page;

/// The name of the way to log in, and of the answer that is a problem.
const TOKEN: &str = "token";
const PROBLEM: &str = "Problem";

const ABOUT: &str = "Everything that the command `homing` does. Over TCP each request carries a token: \
`Authorization: Bearer hmt_…`; over the gateway's Unix socket the kernel says who asks. \
Times are RFC 3339. Every error is a problem (RFC 9457) with a stable `code`. \
An unknown field or query parameter is refused by name.";

/// Routes with their description.
pub(super) struct Routes<S> {
    router: Router<S>,
    paths: Paths,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), paths: Paths::new(), schemas: Vec::new() }
    }

    /// Adds a handler where its description says: `.add(devices::__path_list, devices::list::<G>)`.
    pub(super) fn add<P, H, T>(mut self, _: P, handler: H) -> Self
    where
        P: utoipa::Path + utoipa::__dev::SchemaReferences + for<'t> utoipa::__dev::Tags<'t>,
        H: Handler<T, S>,
        T: 'static,
    {
        let path = P::path();
        let mut operation = P::operation();
        let tags = P::tags();
        if !tags.is_empty() {
            operation.tags = Some(tags.into_iter().map(str::to_owned).collect());
        }
        P::schemas(&mut self.schemas);
        for method in P::methods() {
            let route = on(method.to_method_filter(), handler.clone());
            self.router = self.router.route(&path, route);
            complete(&mut operation, &method, &path);
            operation.operation_id = Some(name_of(&method, &path));
            self.paths.add_path_operation(&path, vec![method], operation.clone());
        }
        self
    }

    /// The router, with the document and its page.
    pub(super) fn finish(self) -> Router<S> {
        let document = document(self.paths, self.schemas);
        let json = serde_json::to_vec(&document).unwrap_or_default();
        let value = serde_json::from_slice(&json).unwrap_or_default();
        let page = page::Page::new(&value);
        let json = Arc::new(Fixed::new("application/json", json.into()));
        let (html, policy) = (page.html, page.policy);
        let page = Arc::new(Fixed::new("text/html; charset=utf-8", html.into()));
        let document = move |headers: HeaderMap| async move { json.answer(&headers) };
        let page = move |headers: HeaderMap| async move {
            let policy = [
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
                (header::REFERRER_POLICY, "no-referrer".to_owned()),
            ];
            (policy, page.answer(&headers)).into_response()
        };
        self.router.route("/api/v1/openapi.json", get(document)).route("/api/docs", get(page))
    }
}

/// An answer that is the same for everybody, until another version of the program.
struct Fixed {
    kind: &'static str,
    body: Bytes,
    tag: String,
}

impl Fixed {
    fn new(kind: &'static str, body: Bytes) -> Self {
        Self { kind, tag: etag::of(&body), body }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let tag = [(header::ETAG, self.tag.clone())];
        match etag::is_known(headers, &self.tag) {
            true => (StatusCode::NOT_MODIFIED, tag).into_response(),
            false => (tag, [(header::CONTENT_TYPE, self.kind)], self.body.clone()).into_response(),
        }
    }
}

/// `get-devices-name-log`: unique, since a route is.
fn name_of(method: &HttpMethod, path: &str) -> String {
    let method = method_word(method);
    let words = path.trim_start_matches("/api/v1").split('/').filter(|word| !word.is_empty());
    let words = words.map(|word| word.trim_matches(['{', '}']));
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("-")
}

fn method_word(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Patch => "patch",
        HttpMethod::Delete => "delete",
        HttpMethod::Head => "head",
        HttpMethod::Options => "options",
        HttpMethod::Trace => "trace",
    }
}

/// Adds the problems that any operation of its kind may be answered with.
fn complete(operation: &mut Operation, method: &HttpMethod, path: &str) {
    // Open to the whole world, which can ask nothing else.
    if OPEN.contains(&path) {
        operation.security = Some(Vec::new());
        add_problems(operation, &["429"]);
        return;
    }
    let mut statuses = vec!["400", "401", "403", "429", "503", "504", "507"];
    if path.contains('{') {
        statuses.push("404");
    }
    if *method != HttpMethod::Get {
        statuses.extend(["404", "408", "409", "412", "413", "415", "422"]);
    }
    if path.ends_with("/rpc") {
        statuses.extend(["406", "502"]);
    }
    if *method == HttpMethod::Post && !path.ends_with("/rpc") {
        operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
    }
    add_problems(operation, &statuses);
}

fn add_problems(operation: &mut Operation, statuses: &[&str]) {
    for status in statuses {
        let problem = RefOr::Ref(Ref::from_response_name(PROBLEM));
        operation.responses.responses.entry((*status).to_owned()).or_insert(problem);
    }
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A key of your own: sent again with it, the request is carried out once"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255))))
        .build()
}

fn document(paths: Paths, schemas: Vec<(String, RefOr<Schema>)>) -> OpenApi {
    let mut problem = Vec::new();
    Problem::schemas(&mut problem);
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name(Problem::name()))))
        .build();
    let answer = ResponseBuilder::new()
        .description("Why it was not done: `code` is stable, `hint` says what to do.")
        .content("application/problem+json", content)
        .build();
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("hmt_…").build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .schemas_from_iter(problem)
        .schema(Problem::name(), Problem::schema())
        .response(PROBLEM, answer)
        .security_scheme(TOKEN, SecurityScheme::Http(bearer))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Homing")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .build(),
        )
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(TOKEN, Vec::<String>::new())]))
        .build()
}
