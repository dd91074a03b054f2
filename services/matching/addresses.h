/* addresses.h - a postal address taken apart: house number, unit, street, city, region, postcode.
 *
 * "123 North Main Street, Apt. 4B" has number 123, unit 4b and street "n main st", whatever column its parts stand in.
 * Thread: any. */
#ifndef MUSTER_ADDRESSES_H
#define MUSTER_ADDRESSES_H

#include "person.h"
#include "template.pb-c.h"

/* A column of role STREET; the first is the street, a second the locality or the unit. */
void address_put_street(draft *draft, unsigned nth, const char *value, size_t size);
/* A column of role STREET_NUMBER, UNIT, CITY, REGION or POSTCODE. */
void address_put(draft *draft, Muster__V1__Role role, const char *value, size_t size);

#endif
