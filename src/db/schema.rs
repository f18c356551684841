// @generated automatically by Diesel CLI.

diesel::table! {
    cart_addresses (tenant_id, cart_id, id) {
        tenant_id -> Uuid,
        cart_id -> Uuid,
        id -> Uuid,
        position -> Int4,
        selected -> Bool,
        one_time_use -> Bool,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company -> Nullable<Text>,
        address1 -> Nullable<Text>,
        address2 -> Nullable<Text>,
        city -> Nullable<Text>,
        zip -> Nullable<Text>,
        province_code -> Nullable<Text>,
        country -> Text,
        phone -> Nullable<Text>,
    }
}

diesel::table! {
    cart_lines (tenant_id, cart_id, id) {
        tenant_id -> Uuid,
        cart_id -> Uuid,
        id -> Uuid,
        variant_id -> Uuid,
        quantity -> Int4,
        attributes -> Jsonb,
        position -> Int4,
    }
}

diesel::table! {
    carts (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        key_hash -> Bytea,
        note -> Text,
        attributes -> Jsonb,
        discount_codes -> Array<Text>,
        buyer_email -> Nullable<Text>,
        buyer_phone -> Nullable<Text>,
        buyer_country -> Nullable<Text>,
        delivery_handle -> Nullable<Text>,
        completed_at -> Nullable<Timestamptz>,
        order_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        customer_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    collection_products (tenant_id, collection_id, product_id) {
        tenant_id -> Uuid,
        collection_id -> Uuid,
        product_id -> Uuid,
        position -> Int4,
    }
}

diesel::table! {
    collections (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        handle -> Text,
        title -> Text,
        description_html -> Text,
        description -> Text,
        image_url -> Nullable<Text>,
        image_alt -> Nullable<Text>,
        seo_title -> Nullable<Text>,
        seo_description -> Nullable<Text>,
        published_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    customer_access_tokens (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        customer_id -> Uuid,
        token_hash -> Bytea,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    customer_addresses (tenant_id, customer_id, id) {
        tenant_id -> Uuid,
        customer_id -> Uuid,
        id -> Uuid,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company -> Nullable<Text>,
        address1 -> Nullable<Text>,
        address2 -> Nullable<Text>,
        city -> Nullable<Text>,
        zip -> Nullable<Text>,
        province_code -> Nullable<Text>,
        country -> Text,
        phone -> Nullable<Text>,
    }
}

diesel::table! {
    customer_letters (tenant_id, customer_id, kind) {
        tenant_id -> Uuid,
        customer_id -> Uuid,
        kind -> Text,
        token_hash -> Bytea,
        email -> Text,
        email_key -> Text,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    customer_signups (tenant_id, email_key) {
        tenant_id -> Uuid,
        email_key -> Text,
        id -> Uuid,
        email -> Text,
        token_hash -> Bytea,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        phone -> Nullable<Text>,
        accepts_marketing -> Bool,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    customers (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        email -> Text,
        email_key -> Text,
        password_hash -> Nullable<Text>,
        verified_at -> Nullable<Timestamptz>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        sort_name -> Text,
        phone -> Nullable<Text>,
        accepts_marketing -> Bool,
        tags -> Array<Text>,
        note -> Nullable<Text>,
        default_address_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    delivery_profiles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    delivery_rates (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        zone_id -> Uuid,
        name -> Text,
        position -> Int4,
        price_minor -> Int8,
    }
}

diesel::table! {
    delivery_zone_countries (tenant_id, profile_id, country) {
        tenant_id -> Uuid,
        profile_id -> Uuid,
        country -> Text,
        zone_id -> Uuid,
    }
}

diesel::table! {
    delivery_zones (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        profile_id -> Uuid,
        name -> Text,
        position -> Int4,
        rest_of_world -> Bool,
    }
}

diesel::table! {
    event_positions (tenant_id) {
        tenant_id -> Uuid,
        last_position -> Int8,
    }
}

diesel::table! {
    events (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        sequence -> Int8,
        position -> Nullable<Int8>,
        topic -> Text,
        version -> Int2,
        subject_id -> Uuid,
        payload -> Jsonb,
        occurred_at -> Timestamptz,
        published_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    fulfillment_lines (tenant_id, order_id, fulfillment_id, order_line_id) {
        tenant_id -> Uuid,
        order_id -> Uuid,
        fulfillment_id -> Uuid,
        order_line_id -> Uuid,
        quantity -> Int4,
    }
}

diesel::table! {
    fulfillments (tenant_id, order_id, id) {
        tenant_id -> Uuid,
        order_id -> Uuid,
        id -> Uuid,
        tracking_company -> Nullable<Text>,
        tracking_number -> Nullable<Text>,
        tracking_url -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (tenant_id, scope) {
        tenant_id -> Uuid,
        scope -> Bytea,
        field -> Text,
        input -> Bytea,
        outcome -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    inventory_adjustments (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        variant_id -> Uuid,
        location_id -> Uuid,
        delta -> Int4,
        available_after -> Int4,
        reason -> Text,
        reference -> Nullable<Text>,
        actor -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    inventory_levels (tenant_id, variant_id, location_id) {
        tenant_id -> Uuid,
        variant_id -> Uuid,
        location_id -> Uuid,
        available -> Int4,
        may_oversell -> Bool,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    invoices (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        stripe_invoice_id -> Text,
        number -> Nullable<Text>,
        status -> Text,
        currency -> Text,
        total_minor -> Int8,
        due_minor -> Int8,
        paid_minor -> Int8,
        hosted_url -> Nullable<Text>,
        pdf_url -> Nullable<Text>,
        period_start -> Timestamptz,
        period_end -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        is_for_fees -> Bool,
    }
}

diesel::table! {
    job_schedules (tenant_id, name) {
        tenant_id -> Uuid,
        name -> Text,
        kind -> Text,
        payload -> Jsonb,
        cron -> Text,
        next_at -> Timestamptz,
        last_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        payload -> Jsonb,
        status -> Text,
        rank -> Int2,
        unique_key -> Nullable<Text>,
        again_at -> Nullable<Timestamptz>,
        run_at -> Nullable<Timestamptz>,
        attempts -> Int4,
        claimed_until -> Nullable<Timestamptz>,
        claim -> Nullable<Uuid>,
        cancel_requested_at -> Nullable<Timestamptz>,
        progress_done -> Int8,
        progress_total -> Nullable<Int8>,
        checkpoint -> Nullable<Jsonb>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    ledger_postings (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        order_id -> Nullable<Uuid>,
        event_id -> Nullable<Uuid>,
        kind -> Text,
        number -> Int2,
        debit_account -> Text,
        credit_account -> Text,
        unit -> Text,
        amount -> Int8,
        occurred_at -> Timestamptz,
        posted_at -> Timestamptz,
        period -> Nullable<Date>,
    }
}

diesel::table! {
    locations (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        name -> Text,
        country -> Text,
        is_default -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    menu_items (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        menu_id -> Uuid,
        parent_id -> Nullable<Uuid>,
        position -> Int4,
        title -> Text,
        kind -> Text,
        url -> Nullable<Text>,
        resource_id -> Nullable<Uuid>,
        tags -> Array<Text>,
    }
}

diesel::table! {
    menus (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        handle -> Text,
        title -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    order_counters (tenant_id) {
        tenant_id -> Uuid,
        last_number -> Int4,
    }
}

diesel::table! {
    order_lines (tenant_id, order_id, id) {
        tenant_id -> Uuid,
        order_id -> Uuid,
        id -> Uuid,
        position -> Int4,
        product_id -> Uuid,
        variant_id -> Uuid,
        title -> Text,
        variant_title -> Text,
        sku -> Nullable<Text>,
        options -> Jsonb,
        attributes -> Jsonb,
        unit_price_minor -> Int8,
        quantity -> Int4,
        line_total_minor -> Int8,
        requires_shipping -> Bool,
        stock -> Jsonb,
        fulfilled -> Int4,
    }
}

diesel::table! {
    order_status_history (tenant_id, order_id, id) {
        tenant_id -> Uuid,
        order_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        message -> Text,
        actor -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    orders (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        cart_id -> Nullable<Uuid>,
        token_hash -> Bytea,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        shipping_address -> Nullable<Jsonb>,
        delivery_title -> Nullable<Text>,
        currency -> Text,
        subtotal_minor -> Int8,
        shipping_minor -> Int8,
        tax_minor -> Int8,
        total_minor -> Int8,
        financial_status -> Text,
        fulfillment_status -> Text,
        gateway -> Text,
        note -> Nullable<Text>,
        attributes -> Jsonb,
        cancelled_at -> Nullable<Timestamptz>,
        cancel_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        customer_id -> Nullable<Uuid>,
        platform_fee_minor -> Nullable<Int8>,
        platform_fee_basis_points -> Nullable<Int4>,
        platform_fee_fixed_minor -> Nullable<Int8>,
    }
}

diesel::table! {
    pages (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        handle -> Text,
        title -> Text,
        body_html -> Text,
        seo_title -> Nullable<Text>,
        seo_description -> Nullable<Text>,
        published_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    payment_attempts (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        cart_id -> Uuid,
        order_id -> Uuid,
        gateway -> Text,
        amount_minor -> Int8,
        currency -> Text,
        status -> Text,
        draft -> Jsonb,
        idempotency_scope -> Nullable<Bytea>,
        idempotency_input -> Nullable<Bytea>,
        due_at -> Nullable<Timestamptz>,
        tries -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    product_images (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        position -> Int2,
        url -> Text,
        alt_text -> Nullable<Text>,
        width -> Nullable<Int4>,
        height -> Nullable<Int4>,
    }
}

diesel::table! {
    product_option_values (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        option_id -> Uuid,
        position -> Int2,
        name -> Text,
    }
}

diesel::table! {
    product_options (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        position -> Int2,
        name -> Text,
    }
}

diesel::table! {
    product_variants (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        product_id -> Uuid,
        position -> Int2,
        title -> Text,
        option1 -> Text,
        option2 -> Nullable<Text>,
        option3 -> Nullable<Text>,
        sku -> Nullable<Text>,
        barcode -> Nullable<Text>,
        price_minor -> Int8,
        compare_at_minor -> Nullable<Int8>,
        cost_minor -> Nullable<Int8>,
        weight_grams -> Int4,
        weight_unit -> Text,
        inventory_policy -> Text,
        tracked -> Bool,
        requires_shipping -> Bool,
        taxable -> Bool,
        image_id -> Nullable<Uuid>,
        import_extra -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    products (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        handle -> Text,
        title -> Text,
        description_html -> Text,
        description -> Text,
        vendor -> Text,
        product_type -> Text,
        tags -> Array<Text>,
        status -> Text,
        seo_title -> Nullable<Text>,
        seo_description -> Nullable<Text>,
        min_price_minor -> Int8,
        import_extra -> Jsonb,
        published_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    roles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        handle -> Text,
        name -> Text,
        inherits -> Nullable<Text>,
        permissions -> Array<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    shops (tenant_id) {
        tenant_id -> Uuid,
        name -> Text,
        description -> Text,
        email -> Nullable<Text>,
        country -> Text,
        checkout_url_template -> Nullable<Text>,
        storefront_url -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        mail_sender -> Nullable<Text>,
        mail_language -> Text,
        time_zone -> Text,
    }
}

diesel::table! {
    staff_identities (tenant_id, staff_id) {
        tenant_id -> Uuid,
        staff_id -> Uuid,
        issuer -> Text,
        subject -> Text,
        membership_id -> Text,
        changed_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    staff_members (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        role -> Text,
        status -> Text,
        email_verified_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        provider -> Nullable<Text>,
    }
}

diesel::table! {
    staff_permission_overrides (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        staff_id -> Uuid,
        permission -> Text,
        object_id -> Nullable<Uuid>,
        effect -> Text,
        set_by -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    staff_sessions (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        staff_id -> Uuid,
        family_hash -> Bytea,
        refresh_hash -> Bytea,
        previous_hash -> Nullable<Bytea>,
        successor_salt -> Nullable<Bytea>,
        replaced_at -> Nullable<Timestamptz>,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        revoked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    staff_tokens (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        staff_id -> Uuid,
        purpose -> Text,
        hash -> Bytea,
        email -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    stock_reservations (tenant_id, attempt_id, variant_id, location_id) {
        tenant_id -> Uuid,
        attempt_id -> Uuid,
        variant_id -> Uuid,
        location_id -> Uuid,
        quantity -> Int4,
    }
}

diesel::table! {
    subscriptions (tenant_id) {
        tenant_id -> Uuid,
        status -> Text,
        plan_id -> Uuid,
        plan_handle -> Text,
        plan_name -> Text,
        plan_version -> Int4,
        plan_terms -> Jsonb,
        overrides -> Jsonb,
        terms -> Jsonb,
        bill_interval -> Nullable<Text>,
        bill_currency -> Nullable<Text>,
        bill_minor -> Nullable<Int8>,
        period_start -> Timestamptz,
        period_end -> Nullable<Timestamptz>,
        trial_ends_at -> Nullable<Timestamptz>,
        trial_began_at -> Nullable<Timestamptz>,
        pending -> Nullable<Jsonb>,
        revision -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        stripe_subscription_id -> Nullable<Text>,
        stripe_is_live -> Bool,
        cancel_at_period_end -> Bool,
        grace_ends_at -> Nullable<Timestamptz>,
        stripe_syncs -> Int8,
        stripe_checkouts -> Int8,
    }
}

diesel::table! {
    support_accesses (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        reason -> Text,
        permissions -> Array<Text>,
        granted_by -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    trusted_documents (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        hash -> Bytea,
        name -> Nullable<Text>,
        body -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_attempts (tenant_id, delivery_id, number) {
        tenant_id -> Uuid,
        delivery_id -> Uuid,
        number -> Int4,
        status_code -> Nullable<Int2>,
        duration_ms -> Int4,
        response_excerpt -> Nullable<Text>,
        error -> Nullable<Text>,
        attempted_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_deliveries (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        subscription_id -> Uuid,
        event_id -> Uuid,
        topic -> Text,
        subject_id -> Uuid,
        occurred_at -> Timestamptz,
        status -> Text,
        attempts -> Int4,
        round_attempts -> Int4,
        next_attempt_at -> Nullable<Timestamptz>,
        claimed_until -> Nullable<Timestamptz>,
        claim -> Nullable<Uuid>,
        body -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        is_test -> Bool,
    }
}

diesel::table! {
    webhook_subscriptions (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        topic -> Text,
        uri -> Text,
        secret -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        failing_since -> Nullable<Timestamptz>,
        disabled_at -> Nullable<Timestamptz>,
        disabled_reason -> Nullable<Text>,
        tested_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    cart_addresses,
    cart_lines,
    carts,
    collection_products,
    collections,
    customer_access_tokens,
    customer_addresses,
    customer_letters,
    customer_signups,
    customers,
    delivery_profiles,
    delivery_rates,
    delivery_zone_countries,
    delivery_zones,
    event_positions,
    events,
    fulfillment_lines,
    fulfillments,
    idempotency_keys,
    inventory_adjustments,
    inventory_levels,
    invoices,
    job_schedules,
    jobs,
    ledger_postings,
    locations,
    menu_items,
    menus,
    order_counters,
    order_lines,
    order_status_history,
    orders,
    pages,
    payment_attempts,
    product_images,
    product_option_values,
    product_options,
    product_variants,
    products,
    roles,
    shops,
    staff_identities,
    staff_members,
    staff_permission_overrides,
    staff_sessions,
    staff_tokens,
    stock_reservations,
    subscriptions,
    support_accesses,
    trusted_documents,
    webhook_attempts,
    webhook_deliveries,
    webhook_subscriptions,
);
