// A session through the generated TypeScript types: log in, build a small BOM, read it back, meet two refusals.
// That it compiles shows that the document names these paths, bodies and fields; that it runs, that the server agrees.

import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined> };

function setting(name: string): string {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
}

function check(holds: boolean, what: string, found: unknown): asserts holds {
    if (!holds) throw new Error(`${what}: ${JSON.stringify(found)}`);
}

const tenant = setting("YUANTUS_TEST_TENANT");
const org = setting("YUANTUS_TEST_ORG");
const headers = { "x-tenant-id": tenant, "x-org-id": org };
const anonymous = createClient<paths>({ baseUrl: setting("YUANTUS_TEST_API"), headers });

async function logIn(password: string) {
    const body = { tenant_id: tenant, org_id: org, username: setting("YUANTUS_TEST_USER"), password };
    return anonymous.POST("/auth/login", { body });
}

const login = await logIn(setting("YUANTUS_TEST_PASSWORD"));
check(login.data !== undefined, "login", login.error);
const authorization = `Bearer ${login.data.access_token}`;
const client = createClient<paths>({ baseUrl: setting("YUANTUS_TEST_API"), headers: { ...headers, authorization } });

const me = await client.GET("/auth/me");
check(me.data?.tenant_id === tenant, "me", me);

async function addPart(name: string): Promise<string> {
    const number = `TS-${Math.random().toString(16).slice(2, 10).toUpperCase()}`;
    const added = await client.POST("/aml/apply", {
        body: { type: "Part", action: "add", properties: { item_number: number, name } },
    });
    check(typeof added.data?.id === "string", "added part", added);
    return added.data.id;
}

const bicycle = await addPart("Bicycle");
const wheel = await addPart("Wheel");
const line = await client.POST("/bom/{parent_id}/children", {
    params: { path: { parent_id: bicycle } },
    body: { child_id: wheel, quantity: 2 },
});
check(line.data?.ok === true, "BOM line", line);

const tree = await client.GET("/bom/{parent_id}/tree", { params: { path: { parent_id: bicycle } } });
const children = tree.data?.children ?? [];
check(children.length === 1 && children[0]?.child.id === wheel, "tree", tree);

const unknown = await client.GET("/bom/{parent_id}/tree", { params: { path: { parent_id: crypto.randomUUID() } } });
check(unknown.response.status === 404 && unknown.error !== undefined, "unknown part", unknown);
const refused = await logIn("not the password");
check(refused.response.status === 401 && refused.error?.detail === "Invalid credentials", "wrong password", refused);

console.log("TypeScript client: session held");
