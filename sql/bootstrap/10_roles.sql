-- The role ladder. Roles belong to the whole server, so they may exist already. LOGIN without a password lets nobody in
-- by password; whoever runs the server sets one (the embedded plant does so itself). TimescaleDB runs background
-- policies as the owner of the relation and refuses owners without LOGIN.
DO $roles$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['gemba_migrator', 'gemba_ingest', 'gemba_transformer', 'gemba_app', 'gemba_reader']
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role_name AND rolcanlogin);
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            EXECUTE format('ALTER ROLE %I LOGIN', role_name);
        END;
    END LOOP;
END
$roles$;

-- Who migrates acts as these two, so that every object has the same owner wherever it was made.
DO $membership$
BEGIN
    IF NOT pg_has_role(current_user, 'gemba_migrator', 'MEMBER') OR NOT pg_has_role(current_user, 'gemba_transformer', 'MEMBER') THEN
        GRANT gemba_migrator, gemba_transformer TO CURRENT_USER;
    END IF;
END
$membership$;

DO $grants$
BEGIN
    EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO gemba_migrator, gemba_transformer', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO gemba_ingest, gemba_app', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO gemba_reader', current_database());
    -- reports and pages speak UTC at the wire; the edge converts to the site's zone
    EXECUTE format('ALTER DATABASE %I SET timezone TO ''UTC''', current_database());
END
$grants$;
