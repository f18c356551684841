"""Prints the statements that give the bench's tenants known keys, and writes the keys, one a line, to argv[1]."""
import base64, hashlib, sys, zlib

def b64(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

with open(sys.argv[1], "w") as keys:
    for tenant in range(1, 11):
        for kind, prefix in (("PUBLISHABLE", "epk_"), ("SECRET", "esk_")):
            body = prefix + b64(hashlib.sha256(f"{kind} {tenant}".encode()).digest())
            key = body + b64(zlib.crc32(body.encode()).to_bytes(4, "big"))
            if kind == "PUBLISHABLE":
                print(key, file=keys)
            digest = hashlib.sha256(key.encode()).hexdigest()
            print("INSERT INTO platform.api_keys (id, tenant_id, kind, name, hash, last_four, created_at) VALUES "
                  f"(gen_random_uuid(), '00000001-{tenant:04}-7000-8000-000000000000', '{kind}', 'bench', "
                  f"'\\x{digest}', '{key[-4:]}', now());")
