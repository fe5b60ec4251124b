SELECT
    machine.machine_id,
    machine.machine_code,
    machine.machine_name,
    machine.machine_type,
    machine.manufacturer,
    machine.model,
    machine.installation_date,
    machine.parent_machine_id,
    machine.position_in_line,
    line.line_id,
    line.line_code,
    line.line_name,
    area.area_id,
    area.area_code,
    area.area_name,
    site.site_id,
    site.site_code,
    site.site_name,
    site.time_zone
FROM {{ ref('stg_ref__machines') }} AS machine
JOIN {{ ref('stg_ref__lines') }} AS line USING (line_id)
JOIN {{ ref('stg_ref__areas') }} AS area USING (area_id)
JOIN {{ ref('stg_ref__sites') }} AS site USING (site_id)
