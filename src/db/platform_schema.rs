// @generated automatically by Diesel CLI.

pub mod platform {
    diesel::table! {
        platform.api_keys (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            kind -> Text,
            name -> Text,
            hash -> Bytea,
            last_four -> Text,
            created_at -> Timestamptz,
            revoked_at -> Nullable<Timestamptz>,
            permissions -> Nullable<Array<Text>>,
            expires_at -> Nullable<Timestamptz>,
            last_used_at -> Nullable<Timestamptz>,
            rotated_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.domains (id) {
            id -> Uuid,
            tenant_id -> Uuid,
            host -> Text,
            token -> Text,
            created_at -> Timestamptz,
            verified_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.identity_events (issuer, event_id) {
            issuer -> Text,
            event_id -> Text,
            received_at -> Timestamptz,
        }
    }

    diesel::table! {
        platform.identity_memberships (issuer, organization_id, subject) {
            issuer -> Text,
            organization_id -> Text,
            subject -> Text,
            membership_id -> Text,
            email -> Text,
            name -> Text,
            role -> Text,
            changed_at -> Timestamptz,
            has_ended -> Bool,
            received_at -> Timestamptz,
        }
    }

    diesel::table! {
        platform.identity_organizations (issuer, organization_id) {
            issuer -> Text,
            organization_id -> Text,
            tenant_id -> Nullable<Uuid>,
            name -> Text,
            changed_at -> Timestamptz,
            deleted_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.operator_tokens (id) {
            id -> Uuid,
            name -> Text,
            hash -> Bytea,
            created_at -> Timestamptz,
            expires_at -> Timestamptz,
            revoked_at -> Nullable<Timestamptz>,
            last_used_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.outbox_ready (id) {
            id -> Int8,
            tenant_id -> Uuid,
            kind -> Text,
            due_at -> Timestamptz,
            claimed_until -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.plan_prices (plan_id, bill_interval, currency) {
            plan_id -> Uuid,
            bill_interval -> Text,
            currency -> Text,
            amount_minor -> Int8,
        }
    }

    diesel::table! {
        platform.plans (id) {
            id -> Uuid,
            handle -> Text,
            name -> Text,
            description -> Text,
            is_offered -> Bool,
            terms -> Jsonb,
            trial_days -> Int2,
            follower_id -> Nullable<Uuid>,
            version -> Int4,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        platform.signing_keys (kid) {
            kid -> Text,
            algorithm -> Text,
            private_key -> Bytea,
            created_at -> Timestamptz,
            signs_from -> Timestamptz,
            verifies_until -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.stripe_customers (customer_id) {
            customer_id -> Text,
            tenant_id -> Uuid,
            created_at -> Timestamptz,
            gone_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        platform.stripe_events (event_id) {
            event_id -> Text,
            kind -> Text,
            api_version -> Nullable<Text>,
            is_live -> Bool,
            customer_id -> Nullable<Text>,
            outcome -> Text,
            body -> Text,
            happened_at -> Timestamptz,
            received_at -> Timestamptz,
        }
    }

    diesel::table! {
        platform.tenants (id) {
            id -> Uuid,
            handle -> Text,
            name -> Text,
            currency -> Text,
            status -> Text,
            allowed_origins -> Array<Text>,
            created_at -> Timestamptz,
            updated_at -> Timestamptz,
            trusted_documents_only -> Bool,
            external_id -> Nullable<Text>,
            deleted_at -> Nullable<Timestamptz>,
            api_points_per_second -> Nullable<Int4>,
            plan_id -> Nullable<Uuid>,
            pending_plan_id -> Nullable<Uuid>,
            plan_version -> Int4,
            plan_revision -> Int8,
            job_weight -> Int2,
        }
    }

    diesel::joinable!(api_keys -> tenants (tenant_id));
    diesel::joinable!(domains -> tenants (tenant_id));
    diesel::joinable!(identity_organizations -> tenants (tenant_id));
    diesel::joinable!(plan_prices -> plans (plan_id));
    diesel::joinable!(stripe_customers -> tenants (tenant_id));
    diesel::joinable!(tenants -> plans (plan_id));

    diesel::allow_tables_to_appear_in_same_query!(
        api_keys,
        domains,
        identity_events,
        identity_memberships,
        identity_organizations,
        operator_tokens,
        outbox_ready,
        plan_prices,
        plans,
        signing_keys,
        stripe_customers,
        stripe_events,
        tenants,
    );
}
