/*
 * A device that calls home over SSH (RFC 8071), made with libnetconf2's server side.
 *
 *   callhome YANG_DIR HOST PORT HOST_KEY_FILE AUTHORIZED_KEY_FILE USER
 *
 * Dials for ever, one session at a time; answers get and get-config with one leaf, every other operation with an rpc-error.
 * Prints one line for each session that comes and goes.
 */
#define NC_ENABLED_SSH
#include <libyang/libyang.h>
#include <nc_server.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct nc_pollsession *sessions;
static const char *host_key_file;

static int host_key(const char *name, void *data, char **path, char **privkey, NC_SSH_KEY_TYPE *type)
{
    (void)name, (void)data, (void)privkey, (void)type;
    *path = strdup(host_key_file);
    return 0;
}

static struct nc_server_reply *answer(struct lyd_node *rpc, struct nc_session *session)
{
    const struct ly_ctx *context = nc_session_get_ctx(session);
    const char *operation = rpc->schema->name;
    struct lyd_node *data = NULL, *reply = NULL;

    if (strcmp(operation, "get") && strcmp(operation, "get-config")) {
        return nc_server_reply_err(nc_err(context, NC_ERR_OP_NOT_SUPPORTED, NC_ERR_TYPE_PROT));
    }
    if (lyd_new_path(NULL, context, "/ietf-netconf-acm:nacm/enable-nacm", "true", 0, &data)
            || lyd_dup_single(rpc, NULL, 0, &reply)
            || lyd_new_any(reply, NULL, "data", data, 1, LYD_ANYDATA_DATATREE, 1, NULL)) {
        return nc_server_reply_err(nc_err(context, NC_ERR_OP_FAILED, NC_ERR_TYPE_APP));
    }
    return nc_server_reply_data(reply, NC_WD_EXPLICIT, NC_PARAMTYPE_FREE);
}

static int session_came(const char *client, struct nc_session *session)
{
    printf("session %s\n", client);
    fflush(stdout);
    return nc_ps_add_session(sessions, session);
}

int main(int argc, char **argv)
{
    struct ly_ctx *context;
    struct nc_session *session;

    if (argc != 7) {
        fprintf(stderr, "usage: callhome YANG_DIR HOST PORT HOST_KEY_FILE AUTHORIZED_KEY_FILE USER\n");
        return 2;
    }
    host_key_file = argv[4];
    nc_verbosity(NC_VERB_VERBOSE);
    if (ly_ctx_new(argv[1], 0, &context)) {
        return 1;
    }
    const char *all[] = {"writable-running", "candidate", "xpath", NULL};
    if (!ly_ctx_load_module(context, "ietf-netconf", NULL, all)
            || !ly_ctx_load_module(context, "ietf-netconf-acm", NULL, NULL)
            || !ly_ctx_load_module(context, "ietf-netconf-monitoring", NULL, NULL)) {
        return 1;
    }
    if (nc_server_init(context)) {
        return 1;
    }
    nc_set_global_rpc_clb(answer);
    nc_server_ssh_set_hostkey_clb(host_key, NULL, NULL);
    sessions = nc_ps_new();
    if (nc_server_ch_add_client("gateway")
            || nc_server_ch_client_add_endpt("gateway", "first", NC_TI_LIBSSH)
            || nc_server_ch_client_endpt_set_address("gateway", "first", argv[2])
            || nc_server_ch_client_endpt_set_port("gateway", "first", (uint16_t)atoi(argv[3]))
            || nc_server_ssh_ch_client_endpt_add_hostkey("gateway", "first", "only", -1)
            || nc_server_ssh_ch_client_endpt_set_auth_methods("gateway", "first", NC_SSH_AUTH_PUBLICKEY)
            || nc_server_ssh_add_authkey_path(argv[5], argv[6])
            || nc_server_ch_client_set_conn_type("gateway", NC_CH_PERSIST)
            || nc_server_ch_client_set_start_with("gateway", NC_CH_FIRST_LISTED)
            || nc_connect_ch_client_dispatch("gateway", session_came)) {
        return 1;
    }
    for (;;) {
        int event = nc_ps_poll(sessions, 100, &session);
        if (event & NC_PSPOLL_SESSION_TERM) {
            printf("ended\n");
            fflush(stdout);
            nc_ps_del_session(sessions, session);
            nc_session_free(session, NULL);
        } else if (event & (NC_PSPOLL_NOSESSIONS | NC_PSPOLL_TIMEOUT)) {
            usleep(20000);
        }
    }
}
