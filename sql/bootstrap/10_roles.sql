-- The role ladder. Roles belong to the whole server, so they are made without passwords and may exist already;
-- whoever runs the server gives them LOGIN and a password (the embedded plant does so itself).
DO $roles$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['gemba_migrator', 'gemba_ingest', 'gemba_transformer', 'gemba_app', 'gemba_reader']
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- made before, or just now by a migration of another database on this server
        END;
    END LOOP;
END
$roles$;

-- Who migrates acts as gemba_migrator, so that every object has the same owner wherever it was made.
GRANT gemba_migrator TO CURRENT_USER;

DO $grants$
BEGIN
    EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO gemba_migrator', current_database());
    EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO gemba_transformer', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO gemba_ingest, gemba_app', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO gemba_reader', current_database());
END
$grants$;
